// Which fleet was in force when: placements name regions by their index in the fleet of their time. By place in the log,
// not by time: several events may carry the same time.
import type { Fleet } from "@bace-pipe/core";

export interface FleetHistory {
  /** The fleet that a placement made by that event refers to. */
  at(seq: number): Fleet;
}

/** @param loaded in order of the log, not empty once anything can have been placed. */
export function fleetHistory(
  loaded: readonly { readonly seq: number; readonly fleet: Fleet }[],
): FleetHistory {
  return {
    at(seq) {
      const entry = loaded.findLast((each) => each.seq <= seq) ?? loaded[0];
      if (!entry) throw new Error("no fleet was ever loaded");
      return entry.fleet;
    },
  };
}
