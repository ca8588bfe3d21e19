// Whatever stands in a file, it is read or refused with a place and a hint; nothing is thrown, nothing is polluted, and what is
// read can be decided on. FUZZ_CASES=100000 tries more than the default.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { parseJobs, parseScenario } from "../../src/spec/index.ts";
import { createMangler } from "../support/mangle.ts";

const JOBS = Number(process.env.FUZZ_CASES ?? 1000);
/** Each takes ten times as long to read. */
const FLEETS = Math.ceil(JOBS / 5);
const TIMEOUT = 60 * 60_000;
const ROOT = new URL("../../../../", import.meta.url);
const textOf = (path: string) => readFileSync(new URL(path, ROOT), "utf8");

const SCENARIOS = ["demo-three-regions", "paper-six-regions", "disruptions"].map((name) =>
  textOf(`scenarios/${name}.yaml`),
);
const JOB = `
name: my-job
tenant: library
model: tiny-byte
sequenceLength: 64
microbatchSize: 2
microbatches: 8
iterations: 40
minGpus: 2
maxGpus: 4
dataParallel: 2
recomputation: full
training:
  learningRate: 3e-4
  warmUpSteps: 10
  finalLearningRate: 3e-5
  gradientClipNorm: 1
  dtype: bfloat16
  compression: int8
  encrypted: true
  data: {kind: tokens, paths: [/data/tokens.bin]}
  checkpoint: {location: /shared/my-job, everySteps: 100, keep: 2}
`;

const fleet = (() => {
  const parsed = parseScenario(SCENARIOS[0]!, "fleet.yaml");
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.diagnostics));
  return parsed.value.fleet;
})();

type Parsed = ReturnType<typeof parseScenario> | ReturnType<typeof parseJobs>;

/** Reads mangled forms of the texts; how many were refused. */
function refusals(cases: number, texts: readonly string[], read: (text: string) => Parsed): number {
  const mangler = createMangler(1);
  let refused = 0;
  for (let n = 0; n < cases; n++) {
    const sound = texts[n % texts.length]!;
    const text = n % 2 === 0 ? mangler.text(sound) : stringify(mangler.document(parse(sound)));
    let parsed: Parsed;
    try {
      parsed = read(text);
    } catch (error) {
      throw new Error(`case ${n} threw ${error}:\n${text}`, { cause: error });
    }
    if (parsed.ok) continue;
    refused++;
    expect(parsed.diagnostics.length).toBeGreaterThan(0);
    for (const { code, column, hint, line, message } of parsed.diagnostics) {
      expect(message, text).toMatch(/\S/);
      expect(hint, text).toMatch(/\S/);
      expect(code, text).toMatch(/^[a-z-]+$/);
      expect(line, text).toBeGreaterThan(0);
      expect(column, text).toBeGreaterThan(0);
      expect(line, text).toBeLessThanOrEqual(text.split("\n").length);
    }
  }
  expect({}).not.toHaveProperty("polluted");
  return refused;
}

describe("a file with something wrong in it", () => {
  it(
    "as a scenario is read or refused, never thrown about",
    () => {
      const refused = refusals(FLEETS, SCENARIOS, (text) => parseScenario(text, "fuzzed.yaml"));
      expect(refused).toBeGreaterThan(FLEETS / 3);
      expect(refused).toBeLessThan(FLEETS);
    },
    TIMEOUT,
  );

  it(
    "as a job is read or refused, never thrown about",
    () => {
      const refused = refusals(JOBS, [JOB], (text) =>
        parseJobs(text, "fuzzed.yaml", fleet, { mustTrain: true }),
      );
      expect(refused).toBeGreaterThan(JOBS / 3);
      expect(refused).toBeLessThan(JOBS);
    },
    TIMEOUT,
  );
});
