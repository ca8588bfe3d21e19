// Which fleet a service runs on: the scenario's. Another one is only loaded at the start while no job holds GPUs of the old
// one, and while the service runs where jobs keep what they hold.
import { type Fleet, hopCapacityBitsPerSecond, type State } from "@bace-pipe/core";
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

/**
 * The same while the service runs: whether it was another one. Jobs may hold GPUs if what they hold is in the new fleet too:
 * their regions in the same places, of the same cluster with the same type of GPU, and the links of their paths. Throws `fleet-changed` otherwise.
 */
export async function reloadFleet({ commit }: Writer, fleet: Fleet): Promise<boolean> {
  let isLoaded = false;
  await commit((state) => {
    if (isSameFleet(state, fleet)) return [];
    const lost = [...state.active].filter((jobId) => !holdsTheSame(state, jobId, fleet));
    if (lost.length > 0)
      throw new StartError(
        "fleet-changed",
        `${lost.join(", ")} hold GPUs or links that this fleet does not have in the same place: drain those regions first`,
      );
    isLoaded = true;
    return [{ kind: "fleet-loaded", fleet }];
  });
  return isLoaded;
}

function holdsTheSame({ fleet: known, jobs }: State, jobId: string, fleet: Fleet): boolean {
  const { regions } = jobs.get(jobId)!.epoch!.placement;
  return regions.every((index, hop) => {
    const [before, after] = [known!.regions[index]!, fleet.regions[index]];
    const isSame = (field: "gpuType" | "slurm") =>
      canonicalJson(before[field] ?? null) === canonicalJson(after?.[field] ?? null);
    if (before.name !== after?.name || !isSame("gpuType") || !isSame("slurm")) return false;
    return hop === 0 || hopCapacityBitsPerSecond(fleet, regions[hop - 1]!, index) > 0;
  });
}

function isSameFleet({ declaredFleet: known }: State, fleet: Fleet): boolean {
  return known !== undefined && canonicalJson(known) === canonicalJson(fleet);
}
