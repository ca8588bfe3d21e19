// Regions that have fewer GPUs than jobs hold there, and since when: who has to give way for it is give-way.ts' business.
import type { Ledger, Placement } from "../fleet/ledger.ts";
import type { State } from "./state.ts";

/** After a change of the fleet: since when each region has had fewer GPUs than jobs hold there. */
export function overfullSince(
  known: State["overfullSince"],
  before: Ledger | undefined,
  after: Ledger,
  nowSeconds: number,
): ReadonlyMap<string, number> {
  const since = new Map<string, number>();
  for (const name of overfull(after)) since.set(name, nowSeconds);
  if (!before || since.size === 0) return since;
  for (const name of overfull(before)) if (since.has(name)) since.set(name, known.get(name) ?? nowSeconds);
  return since;
}

function overfull({ fleet, freeGpus }: Ledger): readonly string[] {
  return fleet.regions.flatMap(({ name }, region) => (freeGpus[region]! < 0 ? [name] : []));
}

/** Whether a region of the job's has fewer GPUs than jobs hold there. */
export function hasLostGpus({ ledger }: Pick<State, "ledger">, { regions }: Placement): boolean {
  return regions.some((region) => ledger!.freeGpus[region]! < 0);
}
