// What is durable: events and the newest snapshot, as text. The log over it is the store's contract with its faults: an
// append may be refused, or be written though its writer hears of an error; either ends the writer's life.
import {
  type Event,
  emptyState,
  fromSnapshot,
  reduce,
  type Snapshot,
  type State,
  toSnapshot,
} from "@bace-pipe/core";
import type { Decided, Log } from "../src/store/log.ts";
import type { Faults } from "./faults.ts";
import type { EffectPoints, Life } from "./lives.ts";
import type { Timeline } from "./timeline.ts";

/** That an append takes: time for others to come, who then wait together. */
const APPEND_SECONDS = 0.02;
const SLOW_SECONDS = 3;

export interface Disk {
  readonly events: string[];
  snapshot: string | undefined;
}

/** What a new life reads. */
export function readState({ events, snapshot }: Disk): State {
  let state = snapshot === undefined ? emptyState() : fromSnapshot(JSON.parse(snapshot) as Snapshot);
  for (const text of events.slice(state.seq)) state = reduce(state, JSON.parse(text) as Event);
  return state;
}

export function openDisk(
  disk: Disk,
  life: Life,
  { faults, points, timeline }: { faults: Faults; points: EffectPoints; timeline: Timeline },
): Log {
  const ofKind = <Kind extends Event["kind"]>(kinds: readonly Kind[]) =>
    disk.events
      .map((text) => JSON.parse(text) as Event)
      .filter((event): event is Extract<Event, { kind: Kind }> => kinds.includes(event.kind as Kind));
  return {
    append: (events) =>
      points.around(life, `append ${events[0]!.kind}`, async () => {
        await timeline.sleep(APPEND_SECONDS);
        if (faults.happens("append-slow")) await timeline.sleep(SLOW_SECONDS * faults.draw("append-slow"));
        if (life.dead) return;
        if (faults.happens("append-refused")) throw new Error("the disk is full");
        // The primary key: of two writers, one fails.
        if (events[0]!.seq !== disk.events.length + 1)
          throw new Error(`event ${events[0]!.seq} is there already`);
        disk.events.push(...events.map((event) => JSON.stringify(event)));
        if (faults.happens("append-in-doubt")) throw new Error("the connection was lost during commit");
      }),
    saveSnapshot: (state) =>
      points.around(life, "snapshot", async () => {
        if (faults.happens("snapshot-refused")) throw new Error("the disk is full");
        disk.snapshot = JSON.stringify(toSnapshot(state));
      }),
    figures: async (region, sinceSeconds) => [
      ...ofKind(["price-changed", "price-curve", "carbon-changed", "carbon-curve"]).filter(
        (event) => event.region === region && event.atSeconds >= sinceSeconds,
      ),
      ...ofKind(["capacity-changed", "capacity-counted"]).filter((event) => event.region === region),
    ],
    decisions: async (afterSeq, limit) =>
      ofKind(["placed", "infeasible"])
        .filter(({ seq }) => seq > afterSeq)
        .slice(0, limit) as readonly Decided[],
    steps: async () => ({ count: 0, steps: [] }),
    fleets: async () => ofKind(["fleet-loaded"]),
  };
}
