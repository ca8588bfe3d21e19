import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { bace, ROOT } from "./support/recorder.ts";

const SCENARIO = `version: 1
name: two-regions
regions:
  - {name: near, gpuType: A6000, gpus: 4, priceUsdPerKwh: 0.1}
  - {name: far, gpuType: A6000, gpus: 4, priceUsdPerKwh: 0.1}
links:
  - {from: near, to: far, both: true, bandwidthBitsPerSecond: 1 Gbit/s, latencySeconds: 40 ms}
jobs:
  - name: small
    forwardSeconds: 1
    backwardSeconds: 2
    activationBytes: 1 MB
    microbatches: 8
    iterations: 10
    minGpus: 2
`;

const simulate = (input: string) => bace(["simulate", "-"], { input });

describe("bad input ends with exit code 2 and says where, what and what to do", () => {
  test.each([
    {
      what: "a link to a region that is not there",
      input: SCENARIO.replace("to: far", "to: fat"),
      place: "<stdin>:7:22 (links[0].to)",
      code: "unknown-region",
      hint: 'did you mean "far"?',
    },
    {
      what: "a job larger than any path",
      input: SCENARIO.replace("minGpus: 2", "minGpus: 9"),
      place: "<stdin>:9:11 (jobs[0].name)",
      code: "job-larger-than-any-path",
      hint: "lower minGpus",
    },
    {
      what: "a negative GPU count",
      input: SCENARIO.replace("gpus: 4", "gpus: -4"),
      place: "<stdin>:4:40 (regions[0].gpus)",
      code: "invalid-field",
      hint: "give 0 or more",
    },
    {
      what: "YAML that is none",
      input: SCENARIO.replace("gpus: 4, price", "gpus: 4 price"),
      place: "<stdin>:4:",
      code: "yaml-syntax",
      hint: "check indentation, brackets and quotes",
    },
  ])("$what", async ({ input, place, code, hint }) => {
    const { exitCode, out, err } = await simulate(input);
    expect(exitCode).toBe(2);
    expect(out).toBe("");
    expect(err).toContain(`error[${code}]: `);
    expect(err).toContain(`--> ${place}`);
    expect(err).toMatch(/\| +\^+\n/);
    expect(err).toContain(`= help: ${hint}`);
  });

  test("the line is shown as the user wrote it, carets under what is wrong", async () => {
    const { err } = await simulate(SCENARIO.replace("to: far", "to: fat"));
    expect(
      err,
    ).toBe(`error[unknown-region]: link near → fat ends in "fat", which is not a region of this fleet
 --> <stdin>:7:22 (links[0].to)
  |
7 |   - {from: near, to: fat, both: true, bandwidthBitsPerSecond: 1 Gbit/s, latencySeconds: 40 ms}
  |                      ^^^
  = help: did you mean "far"?

1 error in <stdin>
`);
  });

  test("everything that is wrong is said at once", async () => {
    const { err } = await simulate(SCENARIO.replaceAll("gpus: 4", "gpus: -4"));
    expect(err).toContain("2 errors in <stdin>");
  });
});

test("a file that is not there", async () => {
  const { exitCode, err } = await bace(["simulate", "nowhere.yaml"]);
  expect(exitCode).toBe(2);
  expect(err).toContain("error[file-not-found]: there is no file nowhere.yaml");
});

test("a policy that is not there", async () => {
  const { exitCode, err } = await bace(["simulate", "-", "-p", "bale"], { input: SCENARIO });
  expect(exitCode).toBe(2);
  expect(err).toContain('did you mean "bace"?');
});

test("a command that is not there: did you mean", async () => {
  const { exitCode, err } = await bace(["simulat"]);
  expect(exitCode).toBe(2);
  expect(err).toContain("Did you mean simulate?");
});

test("no service: exit code 3, and how to start one", async () => {
  const { exitCode, err } = await bace(["queue", "--state", "nowhere"]);
  expect(exitCode).toBe(3);
  expect(err).toContain("error[service-unreachable]");
  expect(err).toContain("bace up --fleet");
});

test("a service that does not answer: exit code 3, and its address", async () => {
  const { exitCode, err } = await bace(["queue"], { env: { BACE_SERVER: "http://127.0.0.1:1" } });
  expect(exitCode).toBe(3);
  expect(err).toContain("http://127.0.0.1:1 does not answer");
});

test("the command itself: data on standard output, complaints on standard error", () => {
  const bin = join(ROOT, "packages/cli/bin/bace.mjs");
  const run = spawnSync(process.execPath, [bin, "simulate", "-"], {
    input: SCENARIO.replace("to: far", "to: fat"),
    encoding: "utf8",
  });
  expect(run.status).toBe(2);
  expect(run.stdout).toBe("");
  expect(run.stderr).toContain("error[unknown-region]");
  expect(run.stderr).not.toContain("\x1b[");
});
