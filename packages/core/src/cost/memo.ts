// What has been computed for a kind of job on a fleet. Forgotten with the fleet, and all at once when it has become much.
import type { Fleet } from "../fleet/fleet.ts";
import { demandKey, type Job } from "./job.ts";

const MOST_KINDS = 2000;
const MOST_VALUES_OF_A_KIND = 2000;

export interface Memo<T> {
  /** The same map for jobs that ask the same of the fleet in every iteration. */
  get(fleet: Fleet, job: Job): Map<string, T>;
}

export function createMemo<T>(): Memo<T> {
  const fleets = new WeakMap<Fleet, Map<string, Map<string, T>>>();
  return {
    get(fleet, job) {
      let kinds = fleets.get(fleet);
      if (!kinds) {
        kinds = new Map();
        fleets.set(fleet, kinds);
      }
      const key = demandKey(job);
      let values = kinds.get(key);
      if (!values) {
        if (kinds.size >= MOST_KINDS) kinds.clear();
        values = new Map();
        kinds.set(key, values);
      }
      if (values.size >= MOST_VALUES_OF_A_KIND) values.clear();
      return values;
    },
  };
}
