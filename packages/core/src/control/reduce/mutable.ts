// The state while an event is folded in: what the reducer alone may write to, and the sets that follow from its jobs.
import type { Ledger } from "../../fleet/ledger.ts";
import type { KnownKey } from "../client-keys.ts";
import type { Event } from "../event.ts";
import type { Changes } from "../inputs.ts";
import { hasDrifted, hasMeasured, isActive, type JobState, type LinkEstimate, type State } from "../state.ts";
import type { TenantUse } from "../tenant-use.ts";

export interface MutableState {
  seq: number;
  nowSeconds: number;
  fleet: State["fleet"];
  declaredFleet: State["declaredFleet"];
  changes: Changes;
  ledger: Ledger | undefined;
  jobs: Map<string, JobState>;
  queued: Set<string>;
  active: Set<string>;
  drifted: Set<string>;
  measured: Set<string>;
  pricesMovedSeconds?: number;
  overfullSince: ReadonlyMap<string, number>;
  links: Map<string, LinkEstimate>;
  clientKeys: Map<string, KnownKey>;
  tenants: Map<string, TenantUse>;
  forgottenEpochs?: number;
}

/** One kind of event. */
export type Of<Kind extends Event["kind"]> = Extract<Event, { kind: Kind }>;

/** The job as it is now, and in every set that it belongs to. */
export function put(state: MutableState, next: JobState): void {
  const { id } = next.job;
  state.jobs.set(id, next);
  if (next.phase === "queued") state.queued.add(id);
  else state.queued.delete(id);
  if (isActive(next.phase)) state.active.add(id);
  else state.active.delete(id);
  if (hasDrifted(next)) state.drifted.add(id);
  else state.drifted.delete(id);
  if (hasMeasured(next)) state.measured.add(id);
  else state.measured.delete(id);
}
