// Which fleet was in force when: placements name regions by their index in the fleet of their time. By place in the log,
// not by time: several events may carry the same time.
import type { Fleet } from "@bace-pipe/core";

export interface FleetHistory {
  /** The fleet that a placement made by that event refers to. */
  at(seq: number): Fleet;
  /** Another one from then on. */
  add(seq: number, fleet: Fleet): void;
}

interface Loaded {
  readonly seq: number;
  readonly fleet: Fleet;
}

/** @param loaded in order of the log, not empty once anything can have been placed. */
export function fleetHistory(loaded: readonly Loaded[]): FleetHistory {
  const entries: Loaded[] = [...loaded];
  return {
    at(seq) {
      const entry = entries.findLast((each) => each.seq <= seq) ?? entries[0];
      if (!entry) throw new Error("no fleet was ever loaded");
      return entry.fleet;
    },
    add(seq, fleet) {
      if (seq > (entries.at(-1)?.seq ?? 0)) entries.push({ seq, fleet });
    },
  };
}
