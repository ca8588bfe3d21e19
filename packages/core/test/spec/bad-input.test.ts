// What a person gets who wrote something wrong: code, line, column, what it is, what to do.
import { describe, expect, it } from "vitest";
import { parseJobs, parseScenario } from "../../src/spec/index.ts";
import { fleetOf } from "../support/fleets.ts";

const good = `version: 1
name: two
regions:
  - {name: east, gpuType: A6000, gpus: 8, priceUsdPerKwh: 0.2}
  - {name: west, gpuType: A6000, gpus: 8, priceUsdPerKwh: 80 USD/MWh}
links:
  - {from: east, to: west, both: true, bandwidthBitsPerSecond: 5 Gbit/s, latencySeconds: 20 ms}
jobs:
  - name: one
    forwardSeconds: 1
    backwardSeconds: 2 s
    activationBytes: 21 MB
    microbatches: 8
    iterations: 10
    minGpus: 2
    maxGpus: 12
`;

function complaintsAbout(text: string) {
  const result = parseScenario(text, "fleet.yaml");
  if (result.ok) throw new Error("was accepted");
  return result.diagnostics;
}

it("the file that the cases below break is fine", () => {
  const result = parseScenario(good, "fleet.yaml");
  expect(result.ok && result.value.fleet.links).toHaveLength(2);
  expect(result.ok && result.value.fleet.regions[1]!.tariff).toEqual({ kind: "flat", value: 0.08 });
  expect(result.ok && result.value.jobs[0]).toMatchObject({ id: "one", activationBytes: 21e6, maxGpus: 12 });
});

describe.each<
  [string, [string, string], { code: string; line: number; column: number; message: RegExp; hint: RegExp }]
>([
  [
    "a link to a region that is not there",
    ["to: west", "to: wset"],
    {
      code: "unknown-region",
      line: 7,
      column: 22,
      message: /"wset".*not a region/,
      hint: /did you mean "west"/,
    },
  ],
  [
    "a negative number of GPUs",
    ["gpus: 8, priceUsdPerKwh: 0.2", "gpus: -8, priceUsdPerKwh: 0.2"],
    { code: "invalid-field", line: 4, column: 40, message: /gpus: -8 is below 0/, hint: /0 or more/ },
  ],
  [
    "text that is not YAML",
    ["name: east, gpuType", "name: [east, gpuType"],
    { code: "yaml-syntax", line: 4, column: 63, message: /not valid YAML/, hint: /brackets/ },
  ],
  [
    "a job larger than any path",
    ["minGpus: 2\n    maxGpus: 12", "minGpus: 17\n    maxGpus: 20"],
    {
      code: "job-larger-than-any-path",
      line: 9,
      column: 11,
      message: /needs 17 GPUs; the largest path has 16 \(/,
      hint: /lower minGpus/,
    },
  ],
  [
    "a job that only a wider link could carry",
    [
      "activationBytes: 21 MB\n    microbatches: 8\n    iterations: 10\n    minGpus: 2",
      "activationBytes: 2 GB\n    microbatches: 8\n    iterations: 10\n    minGpus: 9",
    ],
    {
      code: "job-larger-than-any-path",
      line: 9,
      column: 11,
      message: /the largest path has 8 \(east\).*144 Gbit\/s/,
      hint: /widen the links/,
    },
  ],
  [
    "a unit of another kind",
    ["5 Gbit/s", "5 GB/s"],
    {
      code: "invalid-field",
      line: 7,
      column: 64,
      message: /"5 GB\/s" is not a quantity in bitsPerSecond/,
      hint: /Gbit\/s/,
    },
  ],
  [
    "a field that does not exist",
    ["latencySeconds: 20 ms", "latencySecond: 20 ms"],
    {
      code: "invalid-field",
      line: 7,
      column: 74,
      message: /unknown field "latencySecond"/,
      hint: /did you mean "latencySeconds"/,
    },
  ],
  [
    "a field that is missing",
    ["gpus: 8, priceUsdPerKwh: 0.2", "priceUsdPerKwh: 0.2"],
    {
      code: "invalid-field",
      line: 4,
      column: 5,
      message: /field "gpus" of regions\[0\] is missing/,
      hint: /add gpus/,
    },
  ],
  [
    "a GPU type that nobody knows",
    ["gpuType: A6000, gpus: 8, priceUsdPerKwh: 0.2", "gpuType: A600, gpus: 8, priceUsdPerKwh: 0.2"],
    {
      code: "unknown-gpu-type",
      line: 4,
      column: 27,
      message: /no GPU type "A600"/,
      hint: /did you mean "A6000"/,
    },
  ],
  [
    "two regions of one name",
    ["name: west", "name: east"],
    { code: "duplicate-name", line: 5, column: 12, message: /"east" is there twice/, hint: /rename/ },
  ],
  [
    "a name that would not do in a file name",
    ["name: one", "name: ../one"],
    { code: "invalid-field", line: 9, column: 11, message: /"\.\.\/one" is not a name/, hint: /lower-case/ },
  ],
  [
    "a job with neither model nor times",
    ["    forwardSeconds: 1\n", ""],
    { code: "invalid-field", line: 9, column: 5, message: /forwardSeconds: missing/, hint: /or model/ },
  ],
  [
    "more micro-batches than a schedule can hold",
    ["microbatches: 8", "microbatches: 100000000"],
    {
      code: "invalid-field",
      line: 13,
      column: 19,
      message: /microbatches: 100000000 is above 4096/,
      hint: /4096 or less/,
    },
  ],
  [
    "infinity",
    ["iterations: 10", "iterations: .inf"],
    { code: "invalid-field", line: 14, column: 17, message: /iterations/, hint: /./ },
  ],
])("%s", (_name, [from, to], expected) => {
  it("is told with line and column, what is wrong and what to do", () => {
    expect(good).toContain(from);
    const all = complaintsAbout(good.replace(from, to));
    const found = all.find((one) => one.code === expected.code && expected.message.test(one.message));
    expect(found, JSON.stringify(all)).toBeDefined();
    const { code, line, column, file } = found!;
    expect({ code, line, column, file }).toEqual({
      code: expected.code,
      line: expected.line,
      column: expected.column,
      file: "fleet.yaml",
    });
    expect(found!.hint).toMatch(expected.hint);
  });
});

it("aliases that would unfold without end are refused", () => {
  const bomb = ["a: &a [x, x, x, x, x, x, x, x, x]"];
  for (let i = 1; i < 9; i++) {
    const [from, to] = ["abcdefghi"[i - 1]!, "abcdefghi"[i]!];
    bomb.push(`${to}: &${to} [${Array(9).fill(`*${from}`).join(", ")}]`);
  }
  expect(complaintsAbout(bomb.join("\n"))[0]).toMatchObject({ code: "yaml-syntax", message: /alias/ });
});

it("a file of nonsense gets twenty complaints, not thousands", () => {
  const nonsense = Array.from({ length: 5000 }, (_, i) => `nonsense${i}: 1`).join("\n");
  expect(complaintsAbout(`${good}${nonsense}\n`)).toHaveLength(20);
});

it("everything wrong is told at once", () => {
  const text = good
    .replace("from: east", "from: aest")
    .replace("to: west", "to: wset")
    .replace("gpuType: A6000", "gpuType: X");
  expect(complaintsAbout(text).map(({ code }) => code)).toEqual([
    "unknown-gpu-type",
    "unknown-region",
    "unknown-region",
  ]);
});

describe("a job file", () => {
  const fleet = fleetOf([{ gpus: 8 }], () => 0);
  it("holds one job, or a list under `jobs`", () => {
    const one =
      "name: a\nforwardSeconds: 1\nbackwardSeconds: 2\nactivationBytes: 1 MB\nmicrobatches: 4\niterations: 3\n";
    const two = `jobs:\n  - ${one.trim().replaceAll("\n", "\n    ")}\n`;
    for (const text of [one, two]) {
      const result = parseJobs(text, "job.yaml", fleet);
      expect(result.ok && result.value.map(({ id, layers }) => [id, layers])).toEqual([["a", 1]]);
    }
  });

  it("says what is wrong with a job, not that it is not a list", () => {
    const result = parseJobs("name: a\nforwardSeconds: 1\n", "job.yaml", fleet);
    expect(!result.ok && result.diagnostics.map(({ field }) => field)).toContain("microbatches");
  });
});
