// A draft is what the state would be, and leaves the state alone: whatever is done to it, in whichever order.
import { readFileSync } from "node:fs";
import { type Event, emptyState, reduce, type State, toSnapshot } from "@bace-pipe/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { draftOf } from "../src/draft.ts";
import { OverlayMap, OverlaySet } from "../src/overlay.ts";

const key = fc.integer({ min: 0, max: 9 });
const change = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("set" as const), key, value: fc.nat() }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("delete" as const), key }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("clear" as const) }) },
);

test("a map and a set that are laid over others behave as changed copies of them would, order included", () => {
  fc.assert(
    fc.property(fc.uniqueArray(key), fc.array(change, { maxLength: 30 }), (keys, changes) => {
      const below = new Map(keys.map((each) => [each, -each]));
      const [copy, over] = [new Map(below), new OverlayMap(below)];
      const [keysCopy, keysOver] = [new Set(keys), new OverlaySet(new Set(keys))];
      for (const each of changes) {
        if (each.kind === "set") {
          for (const map of [copy, over]) map.set(each.key, each.value);
          for (const set of [keysCopy, keysOver]) set.add(each.key);
        } else if (each.kind === "delete") {
          expect(over.delete(each.key)).toBe(copy.delete(each.key));
          expect(keysOver.delete(each.key)).toBe(keysCopy.delete(each.key));
        } else {
          for (const all of [copy, over, keysCopy, keysOver]) all.clear();
        }
        expect([...over]).toEqual([...copy]);
        expect([...keysOver]).toEqual([...keysCopy]);
        expect([over.size, keysOver.size]).toEqual([copy.size, keysCopy.size]);
        for (let k = 0; k < 10; k++) {
          expect([over.get(k), over.has(k)]).toEqual([copy.get(k), copy.has(k)]);
          expect(keysOver.has(k)).toBe(keysCopy.has(k));
        }
      }
      expect([...below]).toEqual(keys.map((each) => [each, -each]));
    }),
  );
});

test("events folded into a draft lead where they lead in the state itself, which has not moved meanwhile", () => {
  const events = readFileSync(new URL("logs/demo.jsonl", import.meta.url), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Event);
  const shown = (state: State) => JSON.stringify([toSnapshot(state), [...state.queued], [...state.active]]);
  for (let from = 0; from < events.length; from += 5) {
    const state = events.slice(0, from).reduce<State>(reduce, emptyState());
    const [before, free] = [shown(state), state.ledger && [...state.ledger.freeGpus]];
    const later = events.slice(from, from + 25);
    const draft = later.reduce<State>(reduce, draftOf(state));
    expect(shown(state)).toBe(before);
    expect(state.ledger && [...state.ledger.freeGpus]).toEqual(free);
    const itself = later.reduce<State>(reduce, state);
    expect(shown(draft)).toBe(shown(itself));
    expect(draft.ledger?.freeGpus).toEqual(itself.ledger?.freeGpus);
  }
});
