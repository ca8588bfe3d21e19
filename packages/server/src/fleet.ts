// Which fleet a service runs on: the scenario's. Another one is only loaded while no job holds GPUs of the old one.
import type { Fleet, State } from "@bace-pipe/core";
import { type FileReader, parseScenario, type Scenario } from "@bace-pipe/core/spec";
import { canonicalJson } from "./canonical-json.ts";
import { StartError } from "./start-error.ts";
import type { ScenarioText } from "./state-folder.ts";
import type { Writer } from "./writer.ts";

export function readScenario(given: ScenarioText | undefined): Scenario {
  if (!given) {
    throw new StartError("no-scenario", "a new state folder needs a scenario, which describes the fleet");
  }
  const { file, files = {}, text } = given;
  const readFile: FileReader = (path) =>
    Object.hasOwn(files, path)
      ? { file: path, text: files[path]! }
      : {
          problem: `the text of ${path} did not come with the scenario`,
          hint: "start with the scenario again",
        };
  const parsed = parseScenario(text, file, { readFile, purpose: "service" });
  if (parsed.ok) return parsed.value;
  const { diagnostics } = parsed;
  const { line, column, message } = diagnostics[0]!;
  throw new StartError("invalid-scenario", `${file}:${line}:${column}: ${message}`, diagnostics);
}

/** Writes down that the fleet is another one than before, if it is. Throws `fleet-changed` while jobs are active. */
export async function loadFleet({ commit }: Writer, fleet: Fleet): Promise<void> {
  await commit((state) => {
    if (isSameFleet(state, fleet)) return [];
    if (state.active.size === 0) return [{ kind: "fleet-loaded", fleet }];
    throw new StartError(
      "fleet-changed",
      `${[...state.active].join(", ")}: placed on the fleet as it was; start with that, and change it when they have ended`,
    );
  });
}

function isSameFleet({ fleet: known }: State, fleet: Fleet): boolean {
  return known !== undefined && canonicalJson(known) === canonicalJson(fleet);
}
