// One scenario under several policies: its file, and what that names, read and simulated.
import type { PolicyName } from "@bace-pipe/core";
import { isPolicyName } from "@bace-pipe/core";
import {
  type SimulationOptions as ReportOptions,
  type SimulationReport,
  simulationReport,
  unknownPolicy,
} from "@bace-pipe/core/shell";
import { type Diagnostic, parseScenario, type Scenario, type ScenarioOptions } from "@bace-pipe/core/spec";
import { badFile, badInput } from "../failure.ts";
import { type NamedText, readerBeside } from "../files.ts";
import { VERSION } from "../version.ts";

export interface SimulationOptions extends Omit<ReportOptions, "version"> {
  /** Told what was filled in or left out of the files that the scenario names. */
  readonly warn?: ((warning: Diagnostic) => void) | undefined;
}

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

export function simulatePolicies(
  source: NamedText,
  { warn, ...options }: SimulationOptions,
): SimulationReport {
  const scenario = scenarioOf(source, { seed: options.seed });
  if (warn) scenario.warnings.forEach(warn);
  const reported = simulationReport(source, scenario, { ...options, version: VERSION });
  if (reported.ok) return reported.value;
  const { code, hint, message } = reported.problem;
  throw badInput(code, message, hint);
}

/** Throws `unknown-policy`. */
export function knownPolicy(name: string): PolicyName {
  if (isPolicyName(name)) return name;
  const { code, hint, message } = unknownPolicy(name);
  throw badInput(code, message, hint);
}
