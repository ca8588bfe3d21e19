// Which fleet was in force when: placements name regions by their index in the fleet of their time.
import type { Fleet } from "@bace-pipe/core";

export interface FleetHistory {
  /** The fleet that a placement of that time refers to. */
  at(seconds: number): Fleet;
}

/** @param loaded in order of time, not empty once anything can have been placed. */
export function fleetHistory(
  loaded: readonly { readonly atSeconds: number; readonly fleet: Fleet }[],
): FleetHistory {
  return {
    at(seconds) {
      const entry = loaded.findLast(({ atSeconds }) => atSeconds <= seconds) ?? loaded[0];
      if (!entry) throw new Error("no fleet was ever loaded");
      return entry.fleet;
    },
  };
}
