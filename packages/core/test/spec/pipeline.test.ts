// The file of `bace schedule --spec`: what it means, and what a person gets who wrote something wrong.
import { describe, expect, it, test } from "vitest";
import { scheduleNames } from "../../src/pipeline/index.ts";
import { parsePipeline } from "../../src/spec/index.ts";

const good = `stages: 4
microbatches: 8
forwardSeconds: 10 ms
inputGradSeconds: [0.01, 0.01, 0.01, 12 ms]
weightGradSeconds: 0.01
links:
  - {}
  - {latencySeconds: 20 ms, occupancySeconds: 5 ms}
  - {}
memoryCap: 4
generator: [zb-h1, exact]
`;

function parsed(text: string) {
  const result = parsePipeline(text, "pipeline.yaml");
  if (!result.ok) throw new Error(JSON.stringify(result.diagnostics));
  return result.value;
}

it("one value is for all stages, a list has one per stage; times may have units", () => {
  const here = { latencySeconds: 0, occupancySeconds: 0 };
  expect(parsed(good)).toEqual({
    pipeline: {
      ranks: 4,
      microbatches: 8,
      chunks: 1,
      forwardSeconds: [0.01, 0.01, 0.01, 0.01],
      inputGradSeconds: [0.01, 0.01, 0.01, 0.012],
      weightGradSeconds: [0.01, 0.01, 0.01, 0.01],
      overheadSeconds: 0,
      hops: [here, { latencySeconds: 0.02, occupancySeconds: 0.005 }, here],
      memoryCap: [4, 4, 4, 4],
    },
    request: { kind: "list", names: ["zb-h1", "exact"] },
  });
});

it("is JSON too; one link is for all hops; without a cap memory has no limit, without a generator all are compared", () => {
  const text = JSON.stringify({
    ...{
      stages: 3,
      microbatches: 2,
      chunks: 2,
      forwardSeconds: 1,
      inputGradSeconds: 1,
      weightGradSeconds: 0,
    },
    links: [{ latencySeconds: 1 }],
  });
  const { pipeline, request } = parsed(text);
  expect(pipeline.hops).toEqual([1, 1].map((latencySeconds) => ({ latencySeconds, occupancySeconds: 0 })));
  expect(pipeline.memoryCap).toEqual([
    Number.POSITIVE_INFINITY,
    Number.POSITIVE_INFINITY,
    Number.POSITIVE_INFINITY,
  ]);
  expect(request).toEqual({ kind: "auto" });
});

test.each(scheduleNames)("%s is a generator by its name alone", (name) => {
  const text = good.replace("[zb-h1, exact]", name);
  expect(parsed(text).request).toEqual({ kind: "one", name });
});

describe.each<[string, [string, string], { line: number; column: number; message: RegExp; hint: RegExp }]>([
  [
    "too few values",
    ["[0.01, 0.01, 0.01, 12 ms]", "[0.01, 0.01]"],
    { line: 4, column: 1, message: /inputGradSeconds: 2 values for 4 stages/, hint: /give 4, or one number/ },
  ],
  [
    "a link too many",
    ["memoryCap: 4", "  - {}\nmemoryCap: 4"],
    { line: 6, column: 1, message: /4 links for 3 hops/, hint: /give 3, or one for all/ },
  ],
  [
    "a unit of another kind",
    ["forwardSeconds: 10 ms", "forwardSeconds: 10 MB"],
    { line: 3, column: 17, message: /"10 MB" is not a quantity in seconds/, hint: /40 ms/ },
  ],
  [
    "a time below nothing, in a list",
    ["12 ms]", "-12 ms]"],
    { line: 4, column: 38, message: /inputGradSeconds\[3\]: -12 ms is below 0/, hint: /0 or more/ },
  ],
  [
    "times whose sum is no number any more",
    ["[0.01, 0.01, 0.01, 12 ms]", "[0.01, 1e308, 0.01, 12 ms]"],
    { line: 4, column: 26, message: /inputGradSeconds\[1\]: 1e\+308 s is above 1e\+15 s/, hint: /give less/ },
  ],
  [
    "a latency that nobody lives to see the end of",
    ["latencySeconds: 20 ms", "latencySeconds: 2e15"],
    {
      line: 8,
      column: 22,
      message: /latencySeconds: 2000000000000000 s is above 1e\+15 s/,
      hint: /give less/,
    },
  ],
  [
    "a field that does not exist",
    ["memoryCap: 4", "memoryCaps: 4"],
    { line: 10, column: 1, message: /unknown field "memoryCaps"/, hint: /did you mean "memoryCap"/ },
  ],
  [
    "a field of a link that does not exist",
    ["latencySeconds: 20 ms", "latency: 20 ms"],
    { line: 8, column: 6, message: /unknown field "latency"/, hint: /latencySeconds/ },
  ],
  [
    "a field that is missing",
    ["microbatches: 8\n", ""],
    { line: 1, column: 1, message: /field "microbatches" is missing/, hint: /add microbatches/ },
  ],
  [
    "too few reductions",
    ["memoryCap: 4", "gradients: {reduceSeconds: [1, 2]}"],
    { line: 10, column: 13, message: /reduceSeconds: 2 values for 4 stages/, hint: /give 4, or one number/ },
  ],
  [
    "no room for an activation",
    ["memoryCap: 4", "memoryCap: 0"],
    { line: 10, column: 12, message: /memoryCap: 0 is not above 0/, hint: /1 or more/ },
  ],
  [
    "a generator that nobody knows",
    ["[zb-h1, exact]", "[zb-h1, zbh2]"],
    {
      line: 11,
      column: 20,
      message: /generator\[1\]: "zbh2" is not a generator/,
      hint: /did you mean "zb-h[12]"/,
    },
  ],
  [
    "auto among others",
    ["[zb-h1, exact]", "[zb-h1, auto]"],
    { line: 11, column: 20, message: /auto is all generators/, hint: /alone/ },
  ],
  [
    "more than anybody schedules",
    ["stages: 4\nmicrobatches: 8", "stages: 512\nmicrobatches: 4096"],
    { line: 2, column: 15, message: /more than 262144/, hint: /less/ },
  ],
])("%s", (_what, [before, after], expected) => {
  it("is told with its place and what to do", () => {
    expect(good).toContain(before);
    const result = parsePipeline(good.replace(before, after), "pipeline.yaml");
    const diagnostics = result.ok ? [] : result.diagnostics;
    const { hint, message, ...place } = expected;
    expect(diagnostics.find((one) => message.test(one.message))).toMatchObject({
      ...{ code: "invalid-field", file: "pipeline.yaml" },
      ...place,
      hint: expect.stringMatching(hint),
    });
  });
});
