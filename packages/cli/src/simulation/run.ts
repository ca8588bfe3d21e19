// One scenario under several policies, as a result that says what it is a result of: the same input, the same bytes.
import { createHash } from "node:crypto";
import {
  createPolicy,
  isPolicyName,
  POLICIES,
  type PolicyName,
  type PolicyResult,
  type State,
  simulate,
  type TimeModel,
} from "@bace-pipe/core";
import {
  type Diagnostic,
  nameHint,
  parseScenario,
  type Scenario,
  type ScenarioOptions,
} from "@bace-pipe/core/spec";
import { badFile, badInput } from "../failure.ts";
import { type NamedText, readerBeside } from "../files.ts";
import { VERSION } from "../version.ts";

export interface SimulationReport {
  readonly version: string;
  /** SHA-256 of the scenario file's text, hexadecimal; of the files that it names too, if any. */
  readonly scenarioHash: string;
  readonly scenario: string;
  readonly seed: number;
  readonly timeModel: TimeModel;
  readonly policies: Readonly<Record<string, PolicyResult>>;
}

export interface SimulationOptions {
  readonly policies: readonly string[];
  /** Of everything random. */
  readonly seed: number;
  /** The scenario's where absent. */
  readonly timeModel?: TimeModel | undefined;
  /** Makes what watches the simulation of a policy. */
  readonly observe?: ((policy: string) => (state: State) => void) | undefined;
  /** Told what was filled in or left out of the files that the scenario names. */
  readonly warn?: ((warning: Diagnostic) => void) | undefined;
}

export const ALL_POLICIES: readonly string[] = Object.keys(POLICIES);

/** What is compared where nobody says: BACE-Pipe, ours, and the paper's baselines. */
export const DEFAULT_POLICIES: readonly string[] = ["bace", "bace-plus", "lcf", "ldf", "cr-lcf", "cr-ldf"];

/** The scenario with the files that it names, which lie beside it. */
export function scenarioOf(
  source: NamedText,
  options: Pick<ScenarioOptions, "purpose" | "seed"> = {},
): Scenario {
  const { file, text } = source;
  const texts = new Map<string, string>();
  const read = readerBeside(source);
  const readFile: typeof read = (path) => {
    const found = read(path);
    if ("text" in found) texts.set(found.file, found.text);
    return found;
  };
  const parsed = parseScenario(text, file, { ...options, readFile });
  if (!parsed.ok) throw badFile(file, text, parsed.diagnostics, texts);
  return parsed.value;
}

export function simulatePolicies(source: NamedText, options: SimulationOptions): SimulationReport {
  const scenario = scenarioOf(source, { seed: options.seed });
  if (options.warn) scenario.warnings.forEach(options.warn);
  const { disruptions, failures, fleet, jobs } = scenario;
  if (jobs.length === 0)
    throw badInput(
      "no-jobs",
      `${source.file} has no jobs to simulate`,
      "add a list `jobs:`, or a `trace:`, to it",
    );
  const timeModel = options.timeModel ?? scenario.timeModel;
  const results = options.policies.map((name): [string, PolicyResult] => [
    name,
    simulate({
      fleet,
      jobs,
      policy: createPolicy(knownPolicy(name), scenario.policies),
      timeModel,
      payIdleGpus: scenario.payIdleGpus,
      seed: options.seed,
      disruptions,
      ...(failures ? { failures } : {}),
      ...(options.observe ? { onInstant: options.observe(name) } : {}),
    }),
  ]);
  return {
    version: VERSION,
    scenarioHash: hashOf(source, scenario),
    scenario: scenario.name,
    seed: options.seed,
    timeModel,
    policies: Object.fromEntries(results),
  };
}

function hashOf({ text }: NamedText, { files }: Scenario): string {
  const hash = createHash("sha256").update(text);
  // Length first: what is the end of one file is not the beginning of the next.
  for (const { path, text: named } of files)
    hash.update(`\0${JSON.stringify([path, named.length])}`).update(named);
  return hash.digest("hex");
}

/** Throws `unknown-policy`. */
export function knownPolicy(name: string): PolicyName {
  if (isPolicyName(name)) return name;
  throw badInput("unknown-policy", `there is no policy "${name}"`, nameHint(name, ALL_POLICIES));
}
