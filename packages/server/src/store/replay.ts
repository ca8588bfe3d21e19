// A backup folded into the state that it leads to, and a name for that state that two machines can compare.
import { createHash } from "node:crypto";
import { type Event, emptyState, fromSnapshot, reduce, type State, toSnapshot } from "@bace-pipe/core";
import { canonicalJson } from "../canonical-json.ts";
import type { Backup } from "./backup.ts";

/** Called before and after each event is folded in. The state is changed in place: to be read at once. */
export interface ReplayWatch {
  readonly before?: (state: State, event: Event) => void;
  readonly after?: (state: State, event: Event) => void;
}

/** Of a log that was thinned out, the events before its snapshot are history that is not complete: they are left out. */
export async function replay(backup: Backup, { before, after }: ReplayWatch = {}): Promise<State> {
  let state = backup.base ? fromSnapshot(backup.base) : emptyState();
  for await (const page of backup.pages()) {
    for (const event of page) {
      if (event.seq <= state.seq) continue;
      before?.(state, event);
      state = reduce(state, event);
      after?.(state, event);
    }
  }
  return state;
}

export interface NamedState {
  readonly seq: number;
  /** Of the canonical JSON of the state. */
  readonly sha256: string;
  readonly canonical: string;
}

export function namedState(state: State): NamedState {
  const canonical = canonicalJson(toSnapshot(state));
  return { seq: state.seq, sha256: createHash("sha256").update(canonical).digest("hex"), canonical };
}
