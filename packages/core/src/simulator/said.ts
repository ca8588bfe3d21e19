// What was said to a control plane while it ran, of its fleet and of single jobs: a simulation that is told the same at the
// same times sees the same world as the service whose log it comes from. Facts as they are, so that the reducer does with
// them what it did there: closes regions, stops and holds jobs, believes observed figures until they expire.
//
// What the service believes of a link is one thing, what the link carries another. Here a link carries what was last said of
// it, however old that is: nobody knows better.
import type { Fact } from "../control/event.ts";
import { type InputFact, linkChange } from "../control/inputs.ts";
import type { State } from "../control/state.ts";
import type { Fleet } from "../fleet/fleet.ts";
import type { Ledger } from "../fleet/ledger.ts";

export type SaidFact =
  | InputFact
  /** The whole fleet anew, with the same regions. */
  | Extract<Fact, { kind: "fleet-loaded" }>
  /** Of jobs that are there by then; of others it means nothing. */
  | Extract<Fact, { kind: "held" | "released" }>;

export interface Said {
  readonly atSeconds: number;
  readonly fact: SaidFact;
}

/** Whether links may carry something else after it. */
export function changesLinks({ fact: { kind } }: Said): boolean {
  return kind === "link-changed" || kind === "fleet-loaded";
}

/** The ledger with links at what they carry; the very same value where nothing was said of any. */
export function carriedLedger(state: State): Ledger {
  const { changes, fleet, ledger } = state;
  if (changes.links.length === 0) return ledger!;
  const known = carried.get(fleet!);
  if (known?.changes === changes) return { ...ledger!, fleet: known.fleet };
  const nameOf = (region: number) => fleet!.regions[region]!.name;
  const links = state.declaredFleet!.links.map((link) => {
    const { bandwidth, latency } = linkChange(changes, nameOf(link.from), nameOf(link.to));
    return {
      ...link,
      ...(bandwidth ? { bandwidthBitsPerSecond: Math.floor(bandwidth.value) } : {}),
      ...(latency ? { latencySeconds: latency.value } : {}),
    };
  });
  const value = { ...fleet!, links };
  carried.set(fleet!, { changes, fleet: value });
  return { ...ledger!, fleet: value };
}

/** The last of each fleet: what is remembered by a fleet's value is good until something changes. */
const carried = new WeakMap<Fleet, { readonly changes: State["changes"]; readonly fleet: Fleet }>();
