// One scenario under several policies, as a result that says what it is a result of: the same input, the same bytes.
import { createHash } from "node:crypto";
import { POLICIES, type Policy, type PolicyResult, simulate, type TimeModel } from "@bace-pipe/core";
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
  /** Nothing is drawn at random yet: recorded, so that results stay comparable when something is. */
  readonly seed: number;
  /** The scenario's where absent. */
  readonly timeModel?: TimeModel | undefined;
}

export const ALL_POLICIES: readonly string[] = Object.keys(POLICIES);

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
    simulate({ fleet, jobs, policy: policyNamed(name), timeModel }),
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

function policyNamed(name: string): Policy {
  const create = POLICIES[name];
  if (create) return create();
  throw badInput("unknown-policy", `there is no policy "${name}"`, nameHint(name, ALL_POLICIES));
}
