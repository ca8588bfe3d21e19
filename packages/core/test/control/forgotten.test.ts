// Jobs that ended are forgotten by a fact of their own, so that every replay forgets them at the same place.
import {
  type Event,
  emptyState,
  type Fact,
  fromSnapshot,
  reduce,
  type State,
  toSnapshot,
} from "@bace-pipe/core";
import { expect, test } from "vitest";

const JOB = { id: "a", submitSeconds: 0 } as Extract<Fact, { kind: "submitted" }>["job"];
const submitted = (id: string): Fact => ({ kind: "submitted", job: { ...JOB, id } });
const cancelled = (id: string): Fact => ({ kind: "cancel-requested", jobId: id });
const stateAfter = (...facts: readonly Fact[]): State =>
  facts.reduce(
    (state, fact, i) => reduce(state, { ...fact, seq: i + 1, atSeconds: i } as Event),
    emptyState(),
  );

test("only what has ended is forgotten; what is not known is no error", () => {
  const state = stateAfter(submitted("a"), submitted("b"), cancelled("a"), {
    kind: "forgotten",
    jobIds: ["a", "b", "c"],
  });
  expect([...state.jobs.keys()]).toEqual(["b"]);
  expect([...state.queued]).toEqual(["b"]);
  expect(state.seq).toBe(4);
});

test("after a restored backup no epoch has the number of one that may have been since, and none of them failed", () => {
  const state = stateAfter(submitted("a"), { kind: "restored" }, submitted("b"));
  for (const { epochs, excusedEpochs } of state.jobs.values())
    expect([epochs, excusedEpochs]).toEqual([1000, 1000]);
  const again = fromSnapshot(JSON.parse(JSON.stringify(toSnapshot(state))));
  expect(toSnapshot(again)).toEqual(toSnapshot(state));
});

test("epochs of a name that comes back count on from the most that a forgotten job had, and are no failures", () => {
  const ended = stateAfter(submitted("a"), cancelled("a"), submitted("b"), cancelled("b"));
  const [a, b] = [...ended.jobs.values()];
  const known = fromSnapshot({
    ...toSnapshot(ended),
    jobs: [
      { ...a!, epochs: 3 },
      { ...b!, epochs: 1 },
    ],
  });
  const facts: readonly Fact[] = [{ kind: "forgotten", jobIds: ["a", "b"] }, submitted("b")];
  const after = facts.reduce(
    (state, fact, i) => reduce(state, { ...fact, seq: 5 + i, atSeconds: 10 } as Event),
    known,
  );
  expect(after.jobs.get("b")).toMatchObject({ phase: "queued", epochs: 3, excusedEpochs: 3 });
  const again = fromSnapshot(JSON.parse(JSON.stringify(toSnapshot(after))));
  expect(toSnapshot(again)).toEqual(toSnapshot(after));
  expect(again.forgottenEpochs).toBe(3);
});
