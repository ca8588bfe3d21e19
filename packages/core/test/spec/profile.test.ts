// A job with a measured profile: whose seconds its stages take, on which GPU types, and when a profile is not the job's.
import { describe, expect, it } from "vitest";
import { iterationSeconds } from "../../src/cost/iteration-time.ts";
import type { Job } from "../../src/cost/job.ts";
import { slowedWork } from "../../src/cost/job.ts";
import { bestSchedule, pipelineOf } from "../../src/cost/schedule.ts";
import { stageTimes } from "../../src/cost/stage-times.ts";
import type { Placement } from "../../src/fleet/ledger.ts";
import {
  type Diagnostic,
  type FileReader,
  parseJobs,
  parseProfile,
  parseScenario,
  presetTarget,
  profileTargets,
} from "../../src/spec/index.ts";

const FLEET = `version: 1
name: two
gpuTypes:
  cpu: {peakFlopsPerSecond: 80 GFLOP/s, memoryBytes: 8 GB, busyWatts: 10, idleWatts: 1}
  twice: {peakFlopsPerSecond: 160 GFLOP/s, memoryBytes: 8 GB, busyWatts: 10, idleWatts: 1}
regions:
  - {name: east, gpuType: cpu, gpus: 2, priceUsdPerKwh: 0.2}
  - {name: west, gpuType: twice, gpus: 2, priceUsdPerKwh: 0.1}
links:
  - {from: east, to: west, both: true, bandwidthBitsPerSecond: 5 Gbit/s, latencySeconds: 20 ms, streams: 8}
`;
const part = (forwardSeconds: number, updateSeconds: number) => ({
  forwardSeconds,
  backwardSeconds: 2 * forwardSeconds,
  inputGradSeconds: 1.5 * forwardSeconds,
  weightGradSeconds: 0.75 * forwardSeconds,
  updateSeconds,
  recomputationSeconds: 0.5 * forwardSeconds,
  activationBytes: 1000,
  weightGradBytes: 700,
  spread: { forwardSeconds: 0.1, backwardSeconds: 0.1, inputGradSeconds: 0.1, weightGradSeconds: 0.1 },
  rounds: 9,
});
const PROFILE = {
  version: 1,
  measuredAt: "2026-05-01T10:00:00.000Z",
  gpu: "cpu",
  model: {
    ...{ hiddenSize: 64, layers: 6, attentionHeads: 4, keyValueHeads: 2, feedForwardSize: 192 },
    ...{ vocabularySize: 256, feedForward: "swiglu", tiedEmbeddings: false },
  },
  machine: { device: "cpu", name: "some CPU", pytorch: "2.13.0", matmulFlopsPerSecond: 7e10 },
  ...{ sequenceLength: 128, microbatchSize: 4, dtype: "float32", layersTogether: 4, relativeError: 0.01 },
  ...{ overheadSeconds: 0.25, boundaryBytes: 131_072 },
  ...{ embedding: part(1, 0.125), layer: part(16, 2), head: part(4, 0.5) },
};
const JOB = `name: one
model: tiny-byte
sequenceLength: 128
microbatchSize: 4
microbatches: 8
iterations: 10
profile: tiny.yaml
`;

const parsedFleet = parseScenario(FLEET, "fleet.yaml");
if (!parsedFleet.ok) throw new Error(parsedFleet.diagnostics[0]!.message);
const { fleet } = parsedFleet.value;

function readerOf(profile: object): FileReader {
  return (path) =>
    path === "tiny.yaml"
      ? { file: "jobs/tiny.yaml", text: JSON.stringify(profile) }
      : { problem: `there is no file ${path}`, hint: "looked for it" };
}

function accepted(text = JOB, profile: object = PROFILE): Job {
  const result = parseJobs(text, "job.yaml", fleet, { readFile: readerOf(profile) });
  if (!result.ok) throw new Error(JSON.stringify(result.diagnostics));
  return result.value[0]!;
}

function refused(text: string, profile: object = PROFILE, readFile = readerOf(profile)): Diagnostic {
  const result = parseJobs(text, "job.yaml", fleet, { readFile });
  if (result.ok) throw new Error("was accepted");
  return result.diagnostics[0]!;
}

const inEast: Placement = { regions: [0], gpus: [2], hopBitsPerSecond: [] };
const across: Placement = { regions: [0, 1], gpus: [1, 1], hopBitsPerSecond: [5e9] };

describe("a job with a profile", () => {
  it("has the embedding on its first stage and the head on its last", () => {
    expect(stageTimes(accepted(), fleet, inEast)).toEqual({
      forward: [1 + 3 * 16, 3 * 16 + 4],
      backward: [2 * 49, 2 * 52],
      inputGrad: [1.5 * 49, 1.5 * 52],
      weightGrad: [0.75 * 49, 0.75 * 52],
    });
    const alone = { regions: [0], gpus: [1], hopBitsPerSecond: [] };
    expect(stageTimes(accepted(), fleet, alone).forward).toEqual([1 + 6 * 16 + 4]);
  });

  it("is scaled by the ratio of peaks on a GPU type that was not measured", () => {
    expect(stageTimes(accepted(), fleet, across).forward).toEqual([49, 52 / 2]);
  });

  it("computes again before whole backwards and before input gradients, where all is recomputed", () => {
    const { backward, forward, inputGrad, weightGrad } = stageTimes(
      accepted(`${JOB}recomputation: full\n`),
      fleet,
      inEast,
    );
    expect(forward).toEqual([49, 52]);
    expect(backward).toEqual([2.5 * 49, 2.5 * 52]);
    expect(inputGrad).toEqual([2 * 49, 2 * 52]);
    expect(weightGrad).toEqual([0.75 * 49, 0.75 * 52]);
  });

  it("takes the profile's cost of a block and its message, unless it says another", () => {
    expect(accepted()).toMatchObject({ overheadSeconds: 0.25, activationBytes: 131_072 });
    expect(accepted(`${JOB}overheadSeconds: 1 ms\n`).overheadSeconds).toBe(0.001);
    expect(accepted(JOB.replace("profile: tiny.yaml\n", "")).overheadSeconds).toBe(0.0005);
  });

  it("ends an iteration with the update of the stage that is last to be done", () => {
    const job = accepted();
    const alone: Placement = { regions: [0], gpus: [1], hopBitsPerSecond: [] };
    const blocks = 8 * (3 * (1 + 6 * 16 + 4) + 2 * 0.25);
    const update = 0.125 + 6 * 2 + 0.5;
    for (const model of ["1f1b", "auto"] as const)
      expect(iterationSeconds(job, fleet, alone, model)).toBeCloseTo(blocks + update, 9);
  });

  it("splits backwards as they were measured, and keeps them whole where the worker trains", () => {
    const planned = pipelineOf(accepted(), fleet, inEast);
    expect([planned.inputGradSeconds, planned.weightGradSeconds]).toEqual([
      [1.5 * 49, 1.5 * 52],
      [0.75 * 49, 0.75 * 52],
    ]);
    const trained = accepted(`${JOB}training: {data: {paths: [text]}}\n`);
    const pipeline = pipelineOf(trained, fleet, inEast);
    expect(pipeline.inputGradSeconds.map((seconds, i) => seconds + pipeline.weightGradSeconds[i]!)).toEqual([
      2 * 49,
      2 * 52,
    ]);
    expect(bestSchedule(trained, fleet, across).ranks).toHaveLength(2);
  });

  it("can be thought slower as a whole", () => {
    const job = accepted();
    const slower = { ...job, work: slowedWork(job.work, 1.5) };
    expect(stageTimes(slower, fleet, inEast).weightGrad).toEqual([1.5 * 0.75 * 49, 1.5 * 0.75 * 52]);
  });

  it("may be a scenario's, and its profile is then one of the scenario's files", () => {
    const job = JOB.trim().replaceAll("\n", "\n    ");
    const parsed = parseScenario(`${FLEET}jobs:\n  - ${job}\n`, "s.yaml", { readFile: readerOf(PROFILE) });
    expect(parsed).toMatchObject({
      ok: true,
      value: { jobs: [{ work: { kind: "measured" } }], files: [{ path: "tiny.yaml" }] },
    });
  });
});

describe("a profile of something else", () => {
  const { layer, machine, model } = PROFILE;
  it.each<[string, string, object, RegExp]>([
    ["another micro-batch size", JOB, { ...PROFILE, microbatchSize: 8 }, /: microbatchSize 8, not 4$/],
    ["another length", JOB.replace("128", "256"), PROFILE, /: sequenceLength 128, not 256$/],
    [
      "another model",
      JOB,
      { ...PROFILE, model: { ...model, layers: 8, hiddenSize: 128 } },
      /: hiddenSize 128, not 64, layers 8, not 6, headSize 32, not 16$/,
    ],
    [
      "other activations",
      `${JOB}training: {dtype: bfloat16, data: {paths: [text]}}\n`,
      PROFILE,
      /: dtype float32, not bfloat16$/,
    ],
  ])("is refused: %s", (_, text, profile, message) => {
    const { code, field, message: said, ...more } = refused(text, profile);
    expect([code, field, more.file]).toEqual(["profile-mismatch", "profile", "job.yaml"]);
    expect(said).toMatch(message);
    expect(more.hint).toContain("bace profile");
  });

  it("is refused where its GPU type is unknown, unless the built-in table has it", () => {
    expect(refused(JOB, { ...PROFILE, gpu: "cup" })).toMatchObject({
      code: "unknown-gpu-type",
      field: "profile",
      hint: 'did you mean "cpu"?',
    });
    const { work } = accepted(JOB, { ...PROFILE, gpu: "H200" });
    expect(work).toMatchObject({ kind: "measured", peakFlopsPerSecond: 989e12 });
  });

  it.each<[string, object, string, RegExp]>([
    [
      "a field is missing",
      { ...PROFILE, layer: { ...layer, forwardSeconds: undefined } },
      "layer.forwardSeconds",
      /missing/,
    ],
    [
      "a time is negative",
      { ...PROFILE, layer: { ...layer, updateSeconds: -1 } },
      "layer.updateSeconds",
      /updateSeconds/,
    ],
    [
      "a field is unknown",
      { ...PROFILE, machine: { ...machine, cores: 2 } },
      "machine.cores",
      /unknown field "cores"/,
    ],
    ["it is of a later version", { ...PROFILE, version: 2 }, "version", /not a known version/],
  ])("is refused, naming the field in it: %s", (_, profile, field, message) => {
    const told = refused(JOB, profile);
    expect(told).toMatchObject({ code: "invalid-field", file: "jobs/tiny.yaml", field });
    expect(told.message).toMatch(message);
  });

  it("is refused where it cannot be read", () => {
    expect(refused(JOB.replace("tiny.yaml", "none.yaml"))).toMatchObject({
      code: "file-not-read",
      field: "profile",
      message: "there is no file none.yaml",
    });
    expect(parseJobs(JOB, "job.yaml", fleet)).toMatchObject({
      ok: false,
      diagnostics: [{ code: "file-not-read" }],
    });
  });

  it.each([
    [
      "times outright",
      "{name: a, forwardSeconds: 1, backwardSeconds: 2, activationBytes: 1 MB, microbatches: 8, iterations: 1, profile: tiny.yaml}",
      "profile",
    ],
    ["an efficiency", `${JOB}efficiency: 0.4\n`, "efficiency"],
    ["tensor parallelism", `${JOB}tensorParallel: 2\n`, "profile"],
  ])("does not go together with %s", (_, text, field) => {
    expect(refused(text)).toMatchObject({ code: "invalid-field", field });
  });
});

describe("what is to be profiled", () => {
  it("is a preset that the worker can train", () => {
    expect(presetTarget("tiny-byte")).toMatchObject({ model: { hiddenSize: 64 }, sequenceLength: undefined });
    expect(presetTarget("tiny-bite")).toMatchObject({ hint: 'did you mean "tiny-byte"?' });
    expect(presetTarget("gpt-3-175b")).toMatchObject({ message: expect.stringContaining("SwiGLU") });
  });

  it("is a job of a file, whose own profile need not be there yet", () => {
    const trained = `${JOB}training: {dtype: bfloat16, data: {paths: [text]}}\n`;
    expect(profileTargets(trained, "job.yaml")).toMatchObject({
      ok: true,
      value: [{ name: "one", sequenceLength: 128, microbatchSize: 4, dtype: "bfloat16" }],
    });
  });

  it("is not a job without a model, or with one that the worker cannot build", () => {
    const outright =
      "{name: a, forwardSeconds: 1, backwardSeconds: 2, activationBytes: 1 MB, microbatches: 8, iterations: 1}";
    expect(profileTargets(`jobs:\n  - ${outright}\n`, "j.yaml")).toMatchObject({
      ok: false,
      diagnostics: [{ field: "jobs[0].name", line: 2 }],
    });
    expect(profileTargets(JOB.replace("tiny-byte", "gpt-3-175b"), "j.yaml")).toMatchObject({
      ok: false,
      diagnostics: [{ field: "model", message: expect.stringContaining("SwiGLU") }],
    });
  });

  it("can be read on its own", () => {
    expect(parseProfile(JSON.stringify(PROFILE), "p.json")).toMatchObject({
      ok: true,
      value: { gpu: "cpu" },
    });
  });
});

it("a link may say how many streams fill it", () => {
  expect(fleet.links.map(({ streams }) => streams)).toEqual([8, 8]);
  const without = parseScenario(FLEET.replace(", streams: 8", ""), "fleet.yaml");
  expect(without.ok && without.value.fleet.links.map((link) => "streams" in link)).toEqual([false, false]);
  expect(parseScenario(FLEET.replace("streams: 8", "streams: 65"), "fleet.yaml").ok).toBe(false);
});
