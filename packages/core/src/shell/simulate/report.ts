// One scenario under several policies, as a result that says what it is a result of: the same input, the same bytes.
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { State } from "../../control/state.ts";
import type { TimeModel } from "../../cost/iteration-time.ts";
import { createPolicy, isPolicyName, POLICIES } from "../../scheduler/registry.ts";
import { simulate } from "../../simulator/engine.ts";
import type { PolicyResult } from "../../simulator/metrics.ts";
import { nameHint } from "../../spec/diagnostic.ts";
import type { NamedText } from "../../spec/import/imported.ts";
import type { Scenario } from "../../spec/scenario.ts";

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
  /** Of the program. */
  readonly version: string;
  readonly policies: readonly string[];
  /** Of everything random; the one that the scenario was read with. */
  readonly seed: number;
  /** The scenario's where absent. */
  readonly timeModel?: TimeModel | undefined;
  /** Makes what watches the simulation of a policy. */
  readonly observe?: ((policy: string) => (state: State) => void) | undefined;
}

/** Why there is nothing to report, and what to do. */
export interface Problem {
  readonly code:
    | "invalid-cut"
    | "invalid-option"
    | "no-jobs"
    | "no-schedule"
    | "unknown-generator"
    | "unknown-policy";
  readonly message: string;
  readonly hint: string;
}

export const ALL_POLICIES: readonly string[] = Object.keys(POLICIES);

/** What is compared where nobody says: BACE-Pipe, ours, and the paper's baselines. */
export const DEFAULT_POLICIES: readonly string[] = ["bace", "bace-plus", "lcf", "ldf", "cr-lcf", "cr-ldf"];

/** @param scenario what `source` says */
export function simulationReport(
  source: NamedText,
  scenario: Scenario,
  { observe, policies, seed, version, ...options }: SimulationOptions,
):
  | { readonly ok: true; readonly value: SimulationReport }
  | { readonly ok: false; readonly problem: Problem } {
  const { disruptions, failures, fleet, jobs, payIdleGpus } = scenario;
  if (jobs.length === 0) return { ok: false, problem: noJobs(source.file) };
  const unknown = policies.find((name) => !isPolicyName(name));
  if (unknown !== undefined) return { ok: false, problem: unknownPolicy(unknown) };
  const timeModel = options.timeModel ?? scenario.timeModel;
  const results = policies.filter(isPolicyName).map((name): [string, PolicyResult] => [
    name,
    simulate({
      ...{ fleet, jobs, timeModel, payIdleGpus, seed, disruptions },
      policy: createPolicy(name, scenario.policies),
      ...(failures ? { failures } : {}),
      ...(observe ? { onInstant: observe(name) } : {}),
    }),
  ]);
  const scenarioHash = hashOf(source.text, scenario.files);
  const about = { version, scenarioHash, scenario: scenario.name, seed, timeModel };
  return { ok: true, value: { ...about, policies: Object.fromEntries(results) } };
}

function hashOf(text: string, files: Scenario["files"]): string {
  const hash = sha256.create().update(utf8ToBytes(text));
  // Length first: what is the end of one file is not the beginning of the next.
  for (const { path, text: named } of files) {
    hash.update(utf8ToBytes(`\0${JSON.stringify([path, named.length])}`)).update(utf8ToBytes(named));
  }
  return bytesToHex(hash.digest());
}

function noJobs(file: string): Problem {
  return {
    code: "no-jobs",
    message: `${file} has no jobs to simulate`,
    hint: "add a list `jobs:`, or a `trace:`, to it",
  };
}

export function unknownPolicy(name: string): Problem {
  return {
    code: "unknown-policy",
    message: `there is no policy "${name}"`,
    hint: nameHint(name, ALL_POLICIES),
  };
}
