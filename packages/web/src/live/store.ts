// All that the page knows of the service, as it was last told: one store for all views. The jobs are one map that is changed
// in place, since there may be ten thousand of them; `version` says that something in it is other than before.
import type { Changes, JobView, LoadView, RegionList } from "../api.ts";

export interface Known {
  readonly version: number;
  /** In the order of submission. */
  readonly jobs: ReadonlyMap<string, JobView>;
  readonly regions: RegionList | undefined;
  readonly load: LoadView | undefined;
  /** The service's clock less the browser's. */
  readonly clockAheadSeconds: number;
  /** Whether all has been told that there was. */
  readonly isWhole: boolean;
}

export type Connection =
  | { readonly kind: "connecting" | "live" }
  | {
      /** `refused`: the service answered with an error; `no-token`: it wants to know who asks. */
      readonly kind: "lost" | "refused" | "no-token";
      /** By the browser's clock. */
      readonly sinceMs: number;
      readonly message: string;
    };

export interface Store {
  known(): Known;
  connection(): Connection;
  /** When the service told the job as it is known now, by its clock. */
  toldSeconds(job: JobView): number;
  /** @param id of an event after which everything is known */
  apply(changes: Changes, id: string | undefined, nowMs: number): void;
  connected(connection: Connection): void;
  /** Calls back after each change; returns how to stop. */
  subscribe(changed: () => void): () => void;
}

export function createStore(): Store {
  let jobs = new Map<string, JobView>();
  /** Where everything is told anew: shown when it is whole. */
  let anew: Map<string, JobView> | undefined;
  let known: Known = {
    ...{ version: 0, jobs, clockAheadSeconds: 0, isWhole: false },
    ...{ regions: undefined, load: undefined },
  };
  let connection: Connection = { kind: "connecting" };
  const toldSeconds = new WeakMap<JobView, number>();
  const listeners = new Set<() => void>();
  const tell = () => {
    for (const listener of listeners) listener();
  };
  return {
    known: () => known,
    connection: () => connection,
    toldSeconds: (job) => toldSeconds.get(job)!,
    apply({ begin, forgotten = [], jobs: told, load, nowSeconds, regions }, id, nowMs) {
      if (begin) anew = new Map();
      const target = anew ?? jobs;
      for (const job of told) {
        target.set(job.id, job);
        toldSeconds.set(job, nowSeconds);
      }
      for (const jobId of forgotten) target.delete(jobId);
      if (anew && id !== undefined) {
        jobs = anew;
        anew = undefined;
      }
      known = {
        version: known.version + 1,
        jobs,
        regions: regions ?? known.regions,
        load: load ?? known.load,
        clockAheadSeconds: nowSeconds - nowMs / 1000,
        isWhole: known.isWhole || id !== undefined,
      };
      tell();
    },
    connected(next) {
      const isBroken = "sinceMs" in next;
      // What was told halfway is told from its beginning when it is told again.
      if (isBroken) anew = undefined;
      // A break is as old as its first sign, whatever else goes wrong meanwhile: nothing that is shown is newer.
      connection = isBroken && "sinceMs" in connection ? { ...next, sinceMs: connection.sinceMs } : next;
      tell();
    },
    subscribe(changed) {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
  };
}
