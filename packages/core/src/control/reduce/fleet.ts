// The fleet, loaded or changed: what jobs hold is kept, accounts are closed where figures change, and jobs that did not fit
// are looked at again.
import { type Fleet, topologyOf } from "../../fleet/fleet.ts";
import { holdAnyway, openLedger } from "../../fleet/ledger.ts";
import { costsOtherwise, enterUse, hasOtherPrices, withAccountClosed } from "../accounts.ts";
import { type Changes, changedFleet, changesAfter, changesKept, type InputFact } from "../inputs.ts";
import { linkKey } from "../measured.ts";
import { overfullSince } from "../overfull.ts";
import { unsoundInput, unsoundTime } from "../sound-input.ts";
import { drain } from "./epochs.ts";
import { type MutableState, type Of, put } from "./mutable.ts";

export type InputEvent = Of<InputFact["kind"]>;

export function loadFleet(state: MutableState, { fleet }: Of<"fleet-loaded">): void {
  dropEstimates(state, fleet);
  const changes = state.declaredFleet
    ? changesKept(state.changes, state.declaredFleet, fleet)
    : state.changes;
  setFleet(state, fleet, changes);
  if (!fleet.tenants) state.tenants.clear();
  // What did not fit the old fleet may fit this one.
  for (const known of state.jobs.values()) {
    if (known.phase === "infeasible") put(state, { ...known, phase: "queued" });
    if (known.replan?.placement) {
      const { placement: _, ...replan } = known.replan;
      put(state, { ...known, replan });
    }
  }
}

/** What somebody does to a region, or has observed. Changes nothing where it cannot be true, or is known already. */
export function changeFleet(state: MutableState, event: InputEvent): void {
  const { declaredFleet: declared, fleet: before, nowSeconds } = state;
  if (!declared || unsoundInput(declared, event, nowSeconds) || unsoundTime(event, nowSeconds)) return;
  const changes = changesAfter(state.changes, event);
  if (changes !== state.changes) setFleet(state, declared, changes);
  if (event.kind === "link-changed") forgetOlderEstimate(state, event);
  if (event.kind === "region-drained") drain(state, event.region);
  if (hasGrown(before!, state.fleet!)) {
    for (const known of state.jobs.values())
      if (known.phase === "infeasible") put(state, { ...known, phase: "queued" });
  }
}

/** Somebody who has looked at a link's bandwidth since knows better than a job that used it earlier. */
function forgetOlderEstimate(
  state: MutableState,
  event: Extract<InputEvent, { kind: "link-changed" }>,
): void {
  if (event.bandwidthBitsPerSecond === undefined) return;
  const key = linkKey(event.from, event.to);
  const estimate = state.links.get(key);
  if (estimate && estimate.atSeconds <= event.observedAtSeconds) state.links.delete(key);
}

/** The fleet is another one from now on: accounts of what becomes dearer or cheaper are closed, who runs keeps what he has. */
function setFleet(state: MutableState, declared: Fleet, changes: Changes): void {
  const { fleet: before, ledger: held, nowSeconds } = state;
  const fleet = changedFleet(declared, changes);
  if (before && fleet !== before) {
    if (hasOtherPrices(before, fleet)) state.pricesMovedSeconds = nowSeconds;
    // By name: a state that was read from a snapshot has them in another order, and sums are to be the same to the bit.
    for (const id of [...state.active].sort()) {
      const known = state.jobs.get(id)!;
      if (!costsOtherwise(known.epoch!, before, fleet)) continue;
      enterUse(state.tenants, known, before, nowSeconds);
      put(state, { ...known, epoch: withAccountClosed(known.epoch!, before, nowSeconds) });
    }
  }
  const ledger = openLedger(fleet);
  for (const id of state.active) holdAnyway(ledger, state.jobs.get(id)!.epoch!.placement);
  const since = overfullSince(state.overfullSince, held, ledger, nowSeconds);
  Object.assign(state, { fleet, declaredFleet: declared, changes, ledger, overfullSince: since });
}

/** Whether something is there that could let a job fit that did not: more GPUs, or a link that carries more. */
function hasGrown(before: Fleet, after: Fleet): boolean {
  if (before === after) return false;
  const [was, is] = [topologyOf(before).bandwidthBitsPerSecond, topologyOf(after).bandwidthBitsPerSecond];
  return (
    after.regions.some(({ gpus }, i) => gpus > before.regions[i]!.gpus) ||
    is.some((bitsPerSecond, i) => bitsPerSecond > was[i]!)
  );
}

/** What was measured of a link counts no more when somebody says that the link is another one. */
function dropEstimates(state: MutableState, fleet: Fleet): void {
  if (state.links.size === 0) return;
  const [before, after] = [figuresOfLinks(state.declaredFleet!), figuresOfLinks(fleet)];
  for (const key of state.links.keys()) if (before.get(key) !== after.get(key)) state.links.delete(key);
}

function figuresOfLinks({ links, regions }: Fleet): ReadonlyMap<string, string> {
  return new Map(
    links.map(({ bandwidthBitsPerSecond, from, latencySeconds, to }) => [
      linkKey(regions[from]!.name, regions[to]!.name),
      `${bandwidthBitsPerSecond} ${latencySeconds}`,
    ]),
  );
}
