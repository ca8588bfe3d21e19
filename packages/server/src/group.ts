// Commits that wait together become durable together. Each is proposed on the state as those before it leave it, on a draft:
// the state itself is only folded on when all of it is durable, so nobody ever reads what may still be lost.
//
//   submit a · submit a again · cancel a   →   [submitted a, cancel-requested a], in one append
//
// Nobody is answered before that append, also not whom a proposal refuses: "there is another job a" would tell of one.
import { type Event, type Fact, reduce, type State } from "@bace-pipe/core";
import { draftOf } from "./draft.ts";
import { isMove, placeOf } from "./revision.ts";

/** Facts that follow from a state. All that can become durable before them is part of it. */
export type Proposal = (state: State, revision: number) => readonly Fact[];

/** A state, and the seq of the last event by which fleet, queue or placements changed. */
export interface World {
  readonly state: State;
  readonly revision: number;
}

export interface Group {
  readonly events: readonly Event[];
  /** One for each proposal that was taken, in order: what it threw, if it did. */
  readonly refusals: readonly ({ readonly error: unknown } | undefined)[];
}

/** Enough for an append to cost each of them next to nothing; more would only keep everybody else from their turn. */
const MOST_COMMITS = 64;
/** A proposal is not divided: the last one may go beyond. */
const MOST_EVENTS = 1000;

/** Proposes the first of those that wait; the world stays as it is. @param nowSeconds never runs backwards */
export function proposeGroup(world: World, proposals: readonly Proposal[], nowSeconds: () => number): Group {
  const events: Event[] = [];
  const refusals: ({ error: unknown } | undefined)[] = [];
  const { seq } = world.state;
  let draft = world;
  let drafted = 0;
  for (const propose of proposals) {
    if (refusals.length === MOST_COMMITS || events.length >= MOST_EVENTS) break;
    if (drafted === 0 && events.length > 0) draft = { ...world, state: draftOf(world.state) };
    for (; drafted < events.length; drafted++) draft = folded(draft, events[drafted]!);
    let facts: readonly Fact[];
    try {
      facts = propose(draft.state, draft.revision);
    } catch (error) {
      refusals.push({ error });
      continue;
    }
    refusals.push(undefined);
    const atSeconds = nowSeconds();
    for (const fact of facts) events.push(eventOf(fact, seq + 1 + events.length, atSeconds));
  }
  return { events, refusals };
}

/** Consumes the world's state. */
export function folded({ revision, state }: World, event: Event): World {
  const placeBefore = placeOf(event, state);
  const next = reduce(state, event);
  return { state: next, revision: isMove(event, placeBefore, next) ? event.seq : revision };
}

/** Through JSON, so that what is folded in now is to the bit what a replay will fold in. */
export function eventOf(fact: Fact, seq: number, atSeconds: number): Event {
  return JSON.parse(JSON.stringify({ ...fact, seq, atSeconds })) as Event;
}
