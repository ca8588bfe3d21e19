import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bace } from "./support/recorder.ts";

const FLEET = `version: 1
name: three
regions:
  - {name: a, gpuType: 910B, gpus: 24, priceUsdPerKwh: 0.1}
  - {name: b, gpuType: 910B, gpus: 24, priceUsdPerKwh: 0.1}
  - {name: c, gpuType: 910B, gpus: 16, priceUsdPerKwh: 0.1}
links:
  - {from: a, to: b, both: true, bandwidthBitsPerSecond: 20 Gbit/s, latencySeconds: 5 ms}
  - {from: b, to: c, both: true, bandwidthBitsPerSecond: 20 Gbit/s, latencySeconds: 5 ms}
`;
const JOB = `name: llama
model: llama-2-13b
sequenceLength: 4096
microbatches: 64
iterations: 10
tensorParallel: 8
minGpus: 64
maxGpus: 64
`;
const PATH = ["--regions", "a,b,c", "--gpus", "24,24,16"];

let folder: string;
let fleet: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "bace-tune-"));
  fleet = join(folder, "fleet.yaml");
  writeFileSync(fleet, FLEET);
});
afterAll(() => rmSync(folder, { recursive: true }));

const tune = (job: string, ...args: string[]) =>
  bace(["tune", "--fleet", fleet, "--job", "-", ...args], { input: job });
const tuned = async (job: string, ...args: string[]) =>
  JSON.parse((await tune(job, ...args, "-o", "json")).out);

describe("bace tune", () => {
  test("says the best point, the gain, the job as it is, and why others are out", async () => {
    const { err, exitCode, out } = await tune(JOB, ...PATH);
    expect([exitCode, err]).toEqual([0, ""]);
    expect(out).toMatch(
      /^Best: 1 sequence of 4096 tokens per micro-batch, 64 micro-batches, 1 \+ 1 extra forwards: .* less than .* with plain 1F1B\.\nExtra forwards alone \(1 \+ 1\) save/,
    );
    expect(out).toMatch(/^1 +1 +4096 +64 +1 \+ 1 /m);
    expect(out).toMatch(/^as it is +1 +4096 +64 +0 \+ 0 .* 0\.0 % /m);
    expect(out).toMatch(
      /^Looked at 7 points and \d+ vectors of extra forwards: \d+ timed, \d+ ruled out by a bound, \d+ over memory\.$/m,
    );
    expect(out).toMatch(
      /^Out: 16 × 4096 tokens per micro-batch, because stage 0 would hold [\d.]+ GB per GPU/m,
    );
  });

  test("gives all of it as data; the objective is time per token", async () => {
    const { own, timed, tokensPerIteration, ...more } = await tuned(
      JOB,
      ...PATH,
      "--sequence-lengths",
      "2048,4096",
    );
    expect(more).toMatchObject({
      job: "llama",
      regions: ["a", "b", "c"],
      gpus: [24, 24, 16],
      efficiency: "fitted",
    });
    expect(tokensPerIteration).toBe(64 * 4096);
    expect(own).toMatchObject({ microbatchSize: 1, sequenceLength: 4096, rule: [1, 1] });
    for (const { best, secondsPerToken } of timed)
      expect(secondsPerToken).toBeCloseTo(best.iterationSeconds / tokensPerIteration, 15);
    const lengths = new Set(timed.map(({ sequenceLength }: { sequenceLength: number }) => sequenceLength));
    expect([...lengths].sort()).toEqual([2048, 4096]);
  });

  test("keeps to an efficiency that job or scenario states, and fits one to each point where neither does", async () => {
    const efficiencies = async (job: string, ...args: string[]) => {
      const { timed } = await tuned(job, ...args);
      return new Set(timed.map(({ efficiency }: { efficiency: number }) => efficiency));
    };
    expect(await efficiencies(`${JOB}efficiency: 0.4\n`, ...PATH)).toEqual(new Set([0.4]));
    expect((await efficiencies(JOB, ...PATH)).size).toBeGreaterThan(1);
    const stated = join(folder, "stated.yaml");
    writeFileSync(stated, `${FLEET}efficiency: 0.3\n`);
    expect(await efficiencies(JOB, "--fleet", stated, ...PATH)).toEqual(new Set([0.3]));
  });

  test("chooses among several jobs", async () => {
    const jobs = `jobs:\n${[JOB, JOB.replace("llama\n", "other\n")].map((job) => `  - ${job.trim().replaceAll("\n", "\n    ")}\n`).join("")}`;
    expect((await tune(jobs, ...PATH)).err).toContain("error[which-job]");
    expect((await tuned(jobs, ...PATH, "--job-name", "other")).job).toBe("other");
    expect((await tune(jobs, ...PATH, "--job-name", "othre")).err).toContain('did you mean "other"');
  });

  test("counts one region as a path without hops", async () => {
    const job = JOB.replaceAll("64\n", "24\n");
    const { own } = await tuned(job, "--regions", "a", "--gpus", "24");
    expect(own.best).toMatchObject({ hopExtraForwards: [], bubble: { fromCrossing: 0 } });
    expect((await tune(job, "--regions", "a", "--gpus", "24")).exitCode).toBe(0);
  });

  const outright =
    "{name: x, forwardSeconds: 1, backwardSeconds: 2, activationBytes: 1 MB, microbatches: 8, iterations: 1}";
  test.each([
    ["a region", JOB, ["--regions", "a,d", "--gpus", "24,24"], "unknown-region", "did you mean"],
    ["a region twice", JOB, ["--regions", "a,a", "--gpus", "8,8"], "duplicate-name", "once"],
    [
      "no link",
      JOB,
      ["--regions", "a,c", "--gpus", "24,16"],
      "no-link",
      "an order in which neighbours are linked",
    ],
    ["a count", JOB, ["--regions", "a,b", "--gpus", "24"], "invalid-option", "one for each region"],
    ["half a unit", JOB, ["--regions", "a,b", "--gpus", "24,12"], "invalid-option", "a multiple of 8"],
    ["too many GPUs", JOB, ["--regions", "a,b", "--gpus", "24,32"], "invalid-option", "24 or less"],
    [
      "times outright",
      outright,
      ["--regions", "a", "--gpus", "8"],
      "job-without-model",
      "model and sequenceLength",
    ],
  ])("is told that %s is wrong, and what to do", async (_, job, args, code, hint) => {
    const { err, exitCode, out } = await tune(job, ...args);
    expect([exitCode, out]).toEqual([2, ""]);
    expect(err).toContain(`error[${code}]: `);
    expect(err).toContain(hint);
  });

  test("is told where a job file is wrong, and that an option is no number", async () => {
    expect((await tune(JOB.replace("llama-2-13b", "llama-2-13c"), ...PATH)).err).toContain(
      "<stdin>:2:8 (model)",
    );
    expect((await tune(JOB, "--regions", "a", "--gpus", "many")).exitCode).toBe(2);
  });
});
