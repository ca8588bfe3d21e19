import { describe, expect, test } from "vitest";
import { MOST_KEYS } from "../../src/control/client-keys.ts";
import {
  type ClientKey,
  type Event,
  emptyState,
  fromSnapshot,
  type Job,
  reduce,
  toSnapshot,
} from "../../src/index.ts";

const job = (id: string): Job => ({
  ...{ id, tenant: "default", submitSeconds: 0, microbatches: 4, iterations: 2, overheadSeconds: 0 },
  ...{ work: { kind: "seconds", forwardSeconds: 1, backwardSeconds: 2 }, layers: 2, headLayers: 0 },
  ...{ activationBytes: 1, minGpus: 1, maxGpus: 2 },
});
const keyOf = (key: string, jobIds: readonly string[]): ClientKey => ({
  key,
  request: `of ${key}`,
  jobIds,
  existing: [],
});
const submitted = (seq: number, atSeconds: number, clientKey?: ClientKey): Event => ({
  ...{ kind: "submitted", seq, atSeconds, job: job(`j${seq}`) },
  ...(clientKey ? { clientKey } : {}),
});
const fold = (events: readonly Event[]) => events.reduce(reduce, emptyState());

describe("keys of submissions", () => {
  test("are known with their answer as soon as the fact is folded in, also from a snapshot", () => {
    const state = fold([submitted(1, 10, keyOf("a", ["j1", "j2"])), submitted(2, 10)]);
    const known = { ...keyOf("a", ["j1", "j2"]), atSeconds: 10 };
    expect([...state.clientKeys.values()]).toEqual([known]);
    const snapshot = JSON.parse(JSON.stringify(toSnapshot(state))) as ReturnType<typeof toSnapshot>;
    expect(fromSnapshot(snapshot).clientKeys).toEqual(state.clientKeys);
  });

  test("the first of two counts", () => {
    const state = fold([submitted(1, 10, keyOf("a", ["j1"])), submitted(2, 20, keyOf("a", ["j2"]))]);
    expect(state.clientKeys.get("a")).toMatchObject({ jobIds: ["j1"], atSeconds: 10 });
  });

  test("are forgotten after a day of the log's time, when the next one comes", () => {
    const state = fold([
      submitted(1, 0, keyOf("a", [])),
      submitted(2, 10, keyOf("b", [])),
      submitted(3, 86_400, keyOf("c", [])),
    ]);
    expect([...state.clientKeys.keys()]).toEqual(["b", "c"]);
  });

  test("the oldest are forgotten beyond a number of them, however young", () => {
    let state = emptyState();
    for (let seq = 1; seq <= MOST_KEYS + 3; seq++)
      state = reduce(state, submitted(seq, 10, keyOf(`key-${seq}`, [])));
    expect(state.clientKeys.size).toBe(MOST_KEYS);
    expect([state.clientKeys.has("key-3"), state.clientKeys.has("key-4")]).toEqual([false, true]);
  });

  test("logs and snapshots of versions without them are as they were", () => {
    const state = fold([submitted(1, 10)]);
    expect("clientKeys" in toSnapshot(state)).toBe(false);
    expect(fromSnapshot(toSnapshot(state)).clientKeys.size).toBe(0);
  });
});
