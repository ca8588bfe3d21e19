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
import { nameHint, parseScenario, type Scenario } from "@bace-pipe/core/spec";
import { badFile, badInput } from "../failure.ts";
import type { NamedText } from "../files.ts";
import { VERSION } from "../version.ts";

export interface SimulationReport {
  readonly version: string;
  /** SHA-256 of the scenario file's text, hexadecimal. */
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
}

export const ALL_POLICIES: readonly string[] = Object.keys(POLICIES);

/** What is compared where nobody says: BACE-Pipe and its baselines. */
export const DEFAULT_POLICIES: readonly string[] = ["bace", "lcf", "ldf", "cr-lcf", "cr-ldf"];

export function scenarioOf({ file, text }: NamedText): Scenario {
  const parsed = parseScenario(text, file);
  if (!parsed.ok) throw badFile(file, text, parsed.diagnostics);
  return parsed.value;
}

export function simulatePolicies(source: NamedText, options: SimulationOptions): SimulationReport {
  const scenario = scenarioOf(source);
  const { fleet, jobs } = scenario;
  if (jobs.length === 0)
    throw badInput("no-jobs", `${source.file} has no jobs to simulate`, "add a list `jobs:` to it");
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
      ...(options.observe ? { onInstant: options.observe(name) } : {}),
    }),
  ]);
  return {
    version: VERSION,
    scenarioHash: createHash("sha256").update(source.text).digest("hex"),
    scenario: scenario.name,
    seed: options.seed,
    timeModel,
    policies: Object.fromEntries(results),
  };
}

function knownPolicy(name: string): PolicyName {
  if (isPolicyName(name)) return name;
  throw badInput("unknown-policy", `there is no policy "${name}"`, nameHint(name, ALL_POLICIES));
}
