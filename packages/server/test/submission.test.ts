// Files that a job names: read from the folder of the job's own file, small ones only.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { emptyState, reduce } from "@bace-pipe/core";
import { parseScenario } from "@bace-pipe/core/spec";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readerIn } from "../src/files.ts";
import { ProblemError } from "../src/problem.ts";
import { admitJobs } from "../src/submission.ts";
import { jobText, SCENARIO } from "./support/service.ts";

const part = {
  ...{ forwardSeconds: 1, backwardSeconds: 2, inputGradSeconds: 1, weightGradSeconds: 1 },
  ...{ updateSeconds: 0.5, recomputationSeconds: 1, activationBytes: 10, weightGradBytes: 7, rounds: 5 },
  spread: { forwardSeconds: 0, backwardSeconds: 0, inputGradSeconds: 0, weightGradSeconds: 0 },
};
const PROFILE = {
  ...{ version: 1, measuredAt: "2026-05-01T10:00:00Z", gpu: "slot" },
  machine: { device: "cpu", name: "some CPU", pytorch: "2.13.0", matmulFlopsPerSecond: 7e10 },
  model: {
    ...{ hiddenSize: 64, layers: 6, attentionHeads: 4, keyValueHeads: 2, feedForwardSize: 192 },
    vocabularySize: 256,
  },
  ...{ sequenceLength: 64, microbatchSize: 2, dtype: "float32", layersTogether: 4, relativeError: 0.01 },
  ...{ overheadSeconds: 0.25, boundaryBytes: 32_768, embedding: part, layer: part, head: part },
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "bace-submission-"));
  mkdirSync(join(folder, "profiles"));
  writeFileSync(join(folder, "profiles/tiny.json"), JSON.stringify(PROFILE));
  writeFileSync(join(folder, "large"), "x".repeat(1_000_001));
});
afterAll(() => rmSync(folder, { recursive: true }));

function admitted(text: string) {
  const parsed = parseScenario(SCENARIO, "two-regions.yaml");
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.diagnostics));
  const { fleet } = parsed.value;
  const state = reduce(emptyState(), { kind: "fleet-loaded", fleet, seq: 1, atSeconds: 0 });
  const options = { efficiency: undefined, mustTrain: true };
  return admitJobs(state, { file: "job.yaml", text, directory: folder }, 7, options).fresh[0]!;
}

describe("a job that names a profile", () => {
  test("takes its times, and with them the job is complete: nothing is read again", () => {
    const job = admitted(`${jobText("a")}profile: profiles/tiny.json\n`);
    expect(job).toMatchObject({
      overheadSeconds: 0.25,
      work: { kind: "measured", layer: { forwardSeconds: 1 } },
    });
    expect(JSON.stringify(job)).not.toContain("tiny.json");
  });

  test("is refused where there is no such file, at the field that names it", () => {
    const submit = () => admitted(`${jobText("a")}profile: profiles/none.json\n`);
    expect(submit).toThrow(ProblemError);
    expect(submit).toThrow(/^job\.yaml:\d+:\d+: there is no file profiles\/none\.json$/);
  });
});

describe("a file that a job names", () => {
  test.each([
    ["none", "there is no file none"],
    ["profiles", "profiles is not a file"],
    ["large", "large has 1000001 bytes, of 1000000 at most"],
    ["/dev/zero", "/dev/zero is not a file"],
  ])("%s is not read, and the reason is said", (name, problem) => {
    expect(readerIn(folder)(name)).toMatchObject({ problem, hint: expect.stringMatching(/^looked for \//) });
  });
});
