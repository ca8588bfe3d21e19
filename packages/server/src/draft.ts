// A state that may be folded on while the one it was made from stays as it is: what commits that wait together are proposed
// on (group.ts). Values of a state are never changed, only replaced, so its maps are laid over and its ledger is copied:
// making one costs regions squared, and no look at any job.
import { copyLedger, type State } from "@bace-pipe/core";
import { OverlayMap, OverlaySet } from "./overlay.ts";

/** Good until the state that it was made from changes. */
export function draftOf(state: State): State {
  const { active, clientKeys, drifted, jobs, ledger, links, measured, queued, tenants } = state;
  return {
    ...state,
    ledger: ledger && copyLedger(ledger),
    jobs: new OverlayMap(jobs),
    queued: new OverlaySet(queued),
    active: new OverlaySet(active),
    drifted: new OverlaySet(drifted),
    measured: new OverlaySet(measured),
    links: new OverlayMap(links),
    clientKeys: new OverlayMap(clientKeys),
    tenants: new OverlayMap(tenants),
  };
}
