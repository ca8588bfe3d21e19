// What a person writes about tensor and data parallelism, and what they get who wrote something that cannot be.
import { describe, expect, it } from "vitest";
import type { Job } from "../../src/cost/job.ts";
import { interconnectBitsPerSecondOf } from "../../src/fleet/fleet.ts";
import { type Diagnostic, parseJobs, parseScenario } from "../../src/spec/index.ts";

const scenario = `version: 1
name: two
regions:
  - {name: east, gpuType: A6000, gpus: 44, priceUsdPerKwh: 0.2, interconnectBitsPerSecond: 100 Gbit/s}
  - {name: west, gpuType: A6000, gpus: 20, priceUsdPerKwh: 0.1}
links:
  - {from: east, to: west, both: true, bandwidthBitsPerSecond: 5 Gbit/s, latencySeconds: 20 ms}
`;
const parsed = parseScenario(scenario, "fleet.yaml");
if (!parsed.ok) throw new Error(parsed.diagnostics[0]!.message);
const { fleet } = parsed.value;

const outright = `name: one
forwardSeconds: 1
backwardSeconds: 2
activationBytes: 21 MB
microbatches: 8
iterations: 10
`;
const model = `name: one
model: llama-2-13b
sequenceLength: 2048
microbatches: 8
iterations: 10
recomputation: full
`;

function accepted(text: string): Job {
  const result = parseJobs(text, "job.yaml", fleet);
  if (!result.ok) throw new Error(result.diagnostics[0]!.message);
  return result.value[0]!;
}

function refused(text: string, mustTrain = false): Diagnostic {
  const result = parseJobs(text, "job.yaml", fleet, { mustTrain });
  if (result.ok) throw new Error("was accepted");
  expect(result.diagnostics).toHaveLength(1);
  return result.diagnostics[0]!;
}

describe("a fleet", () => {
  it("says what a GPU can send inside a region, or 400 Gbit/s are assumed", () => {
    expect(fleet.regions.map(interconnectBitsPerSecondOf)).toEqual([100e9, 400e9]);
  });
});

describe("a job", () => {
  it("that says nothing has one GPU per stage and carries no word of it", () => {
    const job = accepted(`${outright}maxGpus: 6\n`);
    expect(job).toMatchObject({ minGpus: 1, maxGpus: 6, layers: 6 });
    expect(Object.keys(job)).not.toEqual(expect.arrayContaining(["tensorParallel"]));
    expect(accepted(`${outright}maxGpus: 6\ntensorParallel: 1\ndataParallel: 1\n`)).toEqual(job);
  });

  it("counts GPUs: bounds are rounded to whole units, stages are as many as units", () => {
    const parallel = "tensorParallel: 4\ndataParallel: 2\n";
    expect(accepted(`${outright}${parallel}minGpus: 9\nmaxGpus: 31\ngradientBytes: 2 GB\n`)).toMatchObject({
      ...{ tensorParallel: 4, dataParallel: 2, gradientBytes: 2e9 },
      ...{ minGpus: 16, maxGpus: 24, layers: 3 },
    });
    expect(accepted(outright + parallel)).toMatchObject({ minGpus: 8, maxGpus: 8, layers: 1 });
    expect(accepted(`${outright}${parallel}minGpus: 9\n`)).toMatchObject({
      minGpus: 16,
      maxGpus: 16,
      layers: 2,
    });
    const twenty = accepted(model + parallel);
    expect(twenty).toMatchObject({ minGpus: 8, maxGpus: 8 * twenty.layers });
  });

  it("loses efficiency by tensor parallelism, where it does not say how much", () => {
    const efficiency = (job: Job) => (job.work.kind === "flops" ? job.work.efficiency : Number.NaN);
    expect(efficiency(accepted(`${model}tensorParallel: 4\n`))).toBeLessThan(
      efficiency(accepted(`${model}tensorParallel: 2\n`)),
    );
    expect(efficiency(accepted(`${model}tensorParallel: 4\nefficiency: 0.5\n`))).toBe(0.5);
  });
});

describe("what cannot be", () => {
  it.each<[string, string, string, RegExp, RegExp]>([
    [
      "replicas that cannot share the micro-batches",
      `${outright}dataParallel: 3\n`,
      "dataParallel",
      /3 replicas cannot have equal parts of 8 micro-batches/,
      /divisor of microbatches/,
    ],
    [
      "attention heads that cannot be shared",
      `${model}tensorParallel: 3\n`,
      "tensorParallel",
      /tensorParallel 3 does not divide the model's \d+ attention heads/,
      /divisor of/,
    ],
    [
      "a stage larger than any region",
      `${outright}tensorParallel: 8\ndataParallel: 8\nmaxGpus: 128\n`,
      "tensorParallel",
      /8 × 8 = 64 GPUs of one region, and the largest has 44/,
      /lower tensorParallel or dataParallel/,
    ],
    [
      "bounds between two multiples of a unit",
      `${outright}dataParallel: 8\nminGpus: 9\nmaxGpus: 15\n`,
      "dataParallel",
      /1 × 8 = 8 GPUs of one region; minGpus and maxGpus leave no multiple of it/,
      /multiple of 8/,
    ],
    [
      "more stages than can be timed",
      `${outright}tensorParallel: 2\nmaxGpus: 1025\n`,
      "maxGpus",
      /1025 is above 1024, 512 stages/,
      /give 1024 or less/,
    ],
    [
      "more stages than layers",
      `${model}tensorParallel: 2\nminGpus: 1000\n`,
      "minGpus",
      /1000 is more/,
      /less/,
    ],
    [
      "the gradients of a model that says them itself",
      `${model}dataParallel: 2\ngradientBytes: 1 GB\n`,
      "gradientBytes",
      /follows from the model/,
      /leave/,
    ],
    [
      "more units than any path has, although it has the GPUs",
      `${outright}tensorParallel: 8\ndataParallel: 2\nminGpus: 64\nmaxGpus: 64\n`,
      "name",
      /needs 64 GPUs; the largest path has 48/,
      /lower minGpus/,
    ],
  ])("%s", (_what, text, field, message, hint) => {
    const diagnostic = refused(text);
    expect(diagnostic.field).toBe(field);
    const { hint: toDo, message: wrong } = diagnostic;
    expect(`${wrong} — ${toDo}`).toMatch(message);
    expect(`${wrong} — ${toDo}`).toMatch(hint);
  });

  it("training by the worker with tensor parallelism; replicas it knows", () => {
    const small = `name: one
model:
  {hiddenSize: 64, layers: 4, attentionHeads: 4, keyValueHeads: 4, feedForwardSize: 128, vocabularySize: 256}
sequenceLength: 32
microbatches: 8
iterations: 10
training: {data: {paths: [texts]}}
`;
    expect(accepted(small).training).toBeDefined();
    expect(accepted(`${small}dataParallel: 2\n`).dataParallel).toBe(2);
    const diagnostic = refused(`${small}tensorParallel: 2\n`, true);
    expect(diagnostic).toMatchObject({ code: "invalid-field", field: "tensorParallel" });
    expect(diagnostic.message).toMatch(/without tensor parallelism/);
    expect(diagnostic.hint).toMatch(/leave tensorParallel out/);
  });
});
