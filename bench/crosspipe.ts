/**
 * CrossPipe's comparison (arXiv 2507.00217, section 6) over a grid: `npx tsx bench/crosspipe.ts`.
 *
 * Latency and occupancy of each cut are 0, 1/4, 1/2, 1 and 2 times a stage's forward, F = I = W = 1; 4 and 8 stages, 2p and 4p
 * micro-batches, 2 and 4 regions (a cut after every p/2 or p/4 stages). Ours is the better of `crosspipe` and
 * `crosspipe-wave`, in the memory of the schedule beside it: what that one's most loaded rank holds, for all ranks. A gain is
 * 1 - ours / theirs. Everything is computed, nothing measured.
 */

import {
  type Candidate,
  compareSchedules,
  evaluateSchedule,
  type GeneratorName,
  generators,
  type Pipeline,
} from "../packages/core/src/pipeline/index.ts";

const SHARES = [0, 0.25, 0.5, 1, 2];
const SIZES = [4, 8].flatMap((ranks) => [2, 4].map((times) => [ranks, times * ranks] as const));
const REGIONS = [2, 4];
const PEERS: readonly GeneratorName[] = ["1f1b", "zb-h1", "interleaved-1f1b", "zb-v"];

interface Gain {
  readonly peer: GeneratorName;
  readonly ranks: number;
  readonly regions: number;
  readonly latency: number;
  readonly occupancy: number;
  readonly gain: number;
  readonly gap: number;
  readonly form: string;
}

const gains = [...allGains()];
print(["against", "cells", "mean gain", "median", "largest", "least", "wave is ours", "mean gap to bound"]);
for (const peer of PEERS)
  print(
    summary(
      peer,
      gains.filter((gain) => gain.peer === peer),
    ),
  );
process.stdout.write(
  "\nMean gain by latency (rows) and occupancy (columns) in forwards, all sizes and regions, in %\n",
);
for (const peer of PEERS) {
  print([peer, ...SHARES.map(String)]);
  for (const latency of SHARES) {
    const cells = SHARES.map((occupancy) =>
      percent(
        mean(gains.filter((g) => g.peer === peer && g.latency === latency && g.occupancy === occupancy)),
      ),
    );
    print([`  ${latency}`, ...cells]);
  }
}
process.stdout.write("\nBy stages and regions, mean gain in %\n");
print(["against", ...REGIONS.flatMap((regions) => [4, 8].map((ranks) => `${ranks} st., ${regions} reg.`))]);
for (const peer of PEERS) {
  const cells = REGIONS.flatMap((regions) =>
    [4, 8].map((ranks) =>
      percent(mean(gains.filter((g) => g.peer === peer && g.ranks === ranks && g.regions === regions))),
    ),
  );
  print([peer, ...cells]);
}

// Seconds per micro-batch in the paper: 70B, 2 regions, 8 stages, memory as 1F1B; (latency, occupancy) in forwards.
const PAPER = [
  [0, 0, 0.151, 0.133, 0.118, 0.137, 0.119],
  [0.25, 2, 0.241, 0.23, 0.315, 0.177, 0.25],
  [2, 0.25, 0.242, 0.229, 0.314, 0.153, 0.148],
  [2, 2, 0.321, 0.309, 0.473, 0.196, 0.256],
] as const;
process.stdout.write(
  "\nTime over 1F1B's, ours (8 stages, 32 micro-batches, 2 regions, memory p) and in the paper\n",
);
print([
  "latency, occupancy",
  "zb-h1",
  "paper",
  "zb-v",
  "paper",
  "crosspipe",
  "paper UD",
  "crosspipe-wave",
  "paper wave",
]);
for (const [latency, occupancy, base, zbH1, zbV, chain, wave] of PAPER) {
  const pipeline = pipelineOf(8, 32, 2, latency, occupancy);
  const { candidates } = compareSchedules({ ...pipeline, memoryCap: pipeline.memoryCap.map(() => 16) });
  const ratio = (name: string) => {
    const seconds = (of: string) => {
      const found = candidates.find((candidate) => candidate.generator === of);
      return found?.kind === "schedule" ? found.evaluation.timed.makespanSeconds : Number.NaN;
    };
    return (seconds(name) / seconds("1f1b")).toFixed(2);
  };
  const theirs = (seconds: number) => (seconds / base).toFixed(2);
  print([
    `${latency}, ${occupancy}`,
    ...[ratio("zb-h1"), theirs(zbH1), ratio("zb-v"), theirs(zbV)],
    ...[ratio("crosspipe"), theirs(chain), ratio("crosspipe-wave"), theirs(wave)],
  ]);
}

function* allGains(): Generator<Gain> {
  for (const [ranks, microbatches] of SIZES)
    for (const regions of REGIONS)
      for (const latency of SHARES)
        for (const occupancy of SHARES)
          for (const peer of PEERS) {
            const pipeline = pipelineOf(ranks, microbatches, regions, latency, occupancy);
            const theirs = evaluateSchedule(
              pipeline,
              generators[peer].build({ ranks, microbatches, chunks: 2 }),
            );
            const memory = Math.max(...theirs.peakActivations);
            const capped = { ...pipeline, memoryCap: pipeline.memoryCap.map(() => memory) };
            const { best } = compareSchedules(capped, ["crosspipe", "crosspipe-wave"]);
            const { evaluation, gap, generator } = best as Extract<Candidate, { kind: "schedule" }>;
            const gain = 1 - evaluation.timed.makespanSeconds / theirs.timed.makespanSeconds;
            yield { peer, ranks, regions, latency, occupancy, gain, gap, form: generator };
          }
}

/** Seconds are of half a stage, so that loops and waves of two chunks and chains are cut from the same model. */
function pipelineOf(
  ranks: number,
  microbatches: number,
  regions: number,
  latencySeconds: number,
  occupancySeconds: number,
): Pipeline {
  const halves = Array<number>(ranks).fill(0.5);
  const perRegion = ranks / regions;
  return {
    ranks,
    microbatches,
    chunks: 2,
    forwardSeconds: halves,
    inputGradSeconds: halves,
    weightGradSeconds: halves,
    overheadSeconds: 0,
    hops: Array.from({ length: ranks - 1 }, (_, hop) =>
      (hop + 1) % perRegion === 0
        ? { latencySeconds, occupancySeconds }
        : { latencySeconds: 0, occupancySeconds: 0 },
    ),
    memoryCap: halves.map(() => Number.POSITIVE_INFINITY),
  };
}

function summary(peer: string, of: readonly Gain[]): readonly string[] {
  const sorted = of.map(({ gain }) => gain).sort((a, b) => a - b);
  const waves = of.filter(({ form }) => form === "crosspipe-wave").length;
  const gap = of.reduce((sum, each) => sum + each.gap, 0) / of.length;
  return [
    peer,
    String(of.length),
    percent(mean(of)),
    percent(sorted[sorted.length >> 1]!),
    percent(sorted.at(-1)!),
    percent(sorted[0]!),
    percent(waves / of.length),
    percent(gap),
  ];
}

function mean(of: readonly Gain[]): number {
  return of.reduce((sum, { gain }) => sum + gain, 0) / of.length;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}`;
}

function print(cells: readonly string[]): void {
  process.stdout.write(
    `${cells.map((cell, i) => (i === 0 ? cell.padEnd(20) : cell.padStart(18))).join("")}\n`,
  );
}
