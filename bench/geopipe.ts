/**
 * GeoPipe's setting (arXiv 2510.12064) by this cost model: `npx tsx bench/geopipe.ts`. Nothing is measured or random here:
 * the same figures at every run.
 *
 * As published: Llama-2 13B and a 72B model, 64 Ascend 910B in three regions, tensor parallel 8 inside a node, 8 stages
 * across; extra warm-up forwards and a search over micro-batch size and sequence length against plain 1F1B: bubble ratio
 * down by up to 78.91 %, iteration time by up to 9.1 %. Not published, or not at hand: bandwidth, distance, sequences per
 * iteration, sequence length, which bubble. These are swept, and the place where both figures would hold is looked for.
 */

import {
  type Fleet,
  flat,
  GPU_TYPES,
  type ModelJob,
  type TimedForwards,
  tune,
} from "../packages/core/src/index.ts";
import {
  boundaryBytes,
  headForwardFlops,
  layerForwardFlops,
  MODEL_PRESETS,
  modelFlops,
} from "../packages/core/src/model/index.ts";

/** The larger one has little memory to spare, and plenty with full recomputation. */
const MODELS = [
  { name: "13B", preset: "llama-2-13b", recomputation: "selective" },
  { name: "70B", preset: "llama-2-70b", recomputation: "selective" },
  { name: "70B full", preset: "llama-2-70b", recomputation: "full" },
] as const;
const SEQUENCE = 4096;
/** 3, 3 and 2 nodes of 8. */
const GPUS = [24, 24, 16];
/** One way: fibre of about 100 and 1000 km. */
const LATENCIES = [0.0005, 0.005];
const GIGABITS = [10, 25, 50, 100, 200, 400];
const BATCHES = [32, 64, 128, 256, 512, 1024];
/** What is printed of the sweep. */
const SHOWN = { gigabits: [25, 50, 100], batches: [64, 256] };
const PUBLISHED = { bubble: 0.7891, time: 0.091 };

interface Setting {
  readonly model: (typeof MODELS)[number];
  readonly latencySeconds: number;
  readonly gigabits: number;
  readonly sequences: number;
}

interface Outcome extends Setting {
  readonly plain: TimedForwards;
  /** Extra forwards alone. */
  readonly warm: TimedForwards;
  /** And the best micro-batch size. */
  readonly tuned: TimedForwards;
  readonly microbatchSize: number;
}

function fleetOf({ gigabits, latencySeconds }: Setting): Fleet {
  const gpuType = GPU_TYPES.get("910B")!;
  const pairs = [
    [0, 1],
    [1, 0],
    [1, 2],
    [2, 1],
  ] as const;
  return {
    name: "geopipe",
    regions: GPUS.map((gpus, i) => ({
      name: `region ${i + 1}`,
      gpuType,
      gpus,
      tariff: flat(0),
      pue: 1,
    })),
    links: pairs.map(([from, to]) => ({
      ...{ from, to, latencySeconds, egressUsdPerGb: 0 },
      bandwidthBitsPerSecond: gigabits * 1e9,
    })),
  };
}

function jobOf({ model, sequences }: Setting): ModelJob {
  const { shape } = MODEL_PRESETS.get(model.preset)!;
  const sizes = { sequenceLength: SEQUENCE, microbatchSize: 1 };
  const flops = modelFlops(shape, { ...sizes, fullRecomputation: model.recomputation === "full" });
  return {
    ...{ id: model.name, tenant: "bench", submitSeconds: 0, iterations: 1, overheadSeconds: 0.0005 },
    // The efficiency is fitted to every point, so this one is not used.
    work: {
      kind: "flops",
      forwardFlops: flops.forward,
      backwardFlops: flops.backward + flops.recomputation,
      efficiency: 1,
    },
    layers: shape.layers,
    headLayers: headForwardFlops(shape, SEQUENCE) / layerForwardFlops(shape, SEQUENCE),
    microbatches: sequences,
    activationBytes: boundaryBytes(shape, sizes),
    memory: { shape, options: { ...sizes, recomputation: model.recomputation } },
    ...{ minGpus: 64, maxGpus: 64, tensorParallel: 8 },
  };
}

function outcomeOf(setting: Setting): Outcome {
  const bits = setting.gigabits * 1e9;
  const { own, timed } = tune({
    job: jobOf(setting),
    fleet: fleetOf(setting),
    path: { regions: [0, 1, 2], gpus: GPUS, hopBitsPerSecond: [bits, bits] },
    sequenceLengths: [SEQUENCE],
    efficiency: "fitted",
  });
  if (own.kind !== "timed") throw new Error(`${setting.model.name} does not fit`);
  const [best] = timed;
  return {
    ...setting,
    plain: own.plain,
    warm: own.best,
    tuned: best!.best,
    microbatchSize: best!.microbatchSize,
  };
}

const drop = (before: number, after: number) => (before > 0 ? 1 - after / before : 0);
const timeDrop = ({ plain }: Outcome, after: TimedForwards) =>
  drop(plain.iterationSeconds, after.iterationSeconds);
const percent = (part: number) => `${(100 * part).toFixed(1)} %`;
const WIDTHS = [9, 7, 6, 9, 8, 5, 16, 7, 16, 7, 7, 15];
const print = (cells: readonly string[]) => {
  process.stdout.write(
    `${cells
      .map((cell, i) => cell.padStart(WIDTHS[i]!))
      .join("  ")
      .trimEnd()}\n`,
  );
};

const outcomes = MODELS.flatMap((model) =>
  LATENCIES.flatMap((latencySeconds) =>
    GIGABITS.flatMap((gigabits) =>
      BATCHES.map((sequences) => outcomeOf({ model, latencySeconds, gigabits, sequences })),
    ),
  ),
);

print([
  "model",
  "latency",
  "Gbit/s",
  "sequences",
  "1F1B",
  "ΔN",
  "all idle",
  "less",
  "by crossing",
  "less",
  "time",
  "tuned: b, time",
]);
for (const outcome of outcomes) {
  const { gigabits, latencySeconds, microbatchSize, model, plain, sequences, tuned, warm } = outcome;
  if (!SHOWN.gigabits.includes(gigabits) || !SHOWN.batches.includes(sequences)) continue;
  const [before, after] = [plain.bubble, warm.bubble];
  print([
    model.name,
    `${latencySeconds * 1000} ms`,
    String(gigabits),
    String(sequences),
    `${plain.iterationSeconds.toFixed(2)} s`,
    warm.hopExtraForwards.join("+"),
    `${percent(before.allIdle)} → ${percent(after.allIdle)}`,
    percent(drop(before.allIdle, after.allIdle)),
    `${percent(before.fromCrossing)} → ${percent(after.fromCrossing)}`,
    percent(drop(before.fromCrossing, after.fromCrossing)),
    percent(-timeDrop(outcome, warm)),
    `${microbatchSize}, ${percent(-timeDrop(outcome, tuned))}`,
  ]);
}

process.stdout.write(
  `\nOver all ${outcomes.length} settings (${GIGABITS.join(", ")} Gbit/s; ${BATCHES.join(", ")} sequences), extra forwards alone, one sequence per micro-batch\n`,
);
for (const [name, of] of [
  ["all idle time", "allIdle"],
  ["what crossing regions adds", "fromCrossing"],
] as const) {
  const drops = outcomes.map((outcome) => drop(outcome.plain.bubble[of], outcome.warm.bubble[of]));
  const most = Math.max(...drops);
  const largest = outcomes[drops.indexOf(most)]!;
  const distance = (i: number) =>
    Math.abs(drops[i]! - PUBLISHED.bubble) +
    Math.abs(timeDrop(outcomes[i]!, outcomes[i]!.warm) - PUBLISHED.time);
  const nearest = outcomes.reduce((best, _, i) => (distance(i) < distance(best) ? i : best), 0);
  const near = outcomes[nearest]!;
  const reached = outcomes.filter((_, i) => drops[i]! >= PUBLISHED.bubble);
  const times = reached.map((outcome) => timeDrop(outcome, outcome.warm));
  const fewest = Math.min(...reached.map(({ sequences }) => sequences));
  process.stdout.write(
    `bubble = ${name}: falls by up to ${percent(most)} (${settingText(largest)}, time ${percent(-timeDrop(largest, largest.warm))});\n` +
      `  by 78.91 % or more in ${reached.length} settings, of ${fewest} sequences and more, with ${percent(Math.min(...times))} to ${percent(Math.max(...times))} less time;\n` +
      `  nearest to 78.91 % and 9.1 % together: ${percent(drops[nearest]!)} and ${percent(timeDrop(near, near.warm))} less ` +
      `(${settingText(near)}: ${percent(near.plain.bubble[of])} → ${percent(near.warm.bubble[of])})\n`,
  );
}

function settingText({ gigabits, latencySeconds, model, sequences }: Setting): string {
  return `${model.name}, ${latencySeconds * 1000} ms, ${gigabits} Gbit/s, ${sequences} sequences`;
}
