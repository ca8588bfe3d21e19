// What holds of a job besides its phase, in the words of every surface.
import type { JobState } from "@bace-pipe/core";
import { expect, test } from "vitest";
import { hideOthers } from "../src/access/visible.ts";
import { conditionsOf } from "../src/api/conditions.ts";
import { conditionSchema } from "../src/api/schemas/jobs.ts";

const NOW_SECONDS = 1000;

function conditions(fields: object): unknown {
  const known = { job: { id: "wide" }, phase: "queued", epochs: 2, notBeforeSeconds: 0, ...fields };
  return conditionsOf(known as unknown as JobState, NOW_SECONDS).map((each) =>
    conditionSchema.strict().parse(each),
  );
}

test("a job that waits its turn, runs or has finished has none", () => {
  expect(conditions({})).toEqual([]);
  expect(conditions({ phase: "running", preempted: { by: "urgent", atSeconds: 5, epoch: 1 } })).toEqual([]);
  expect(conditions({ phase: "ended", held: true, outcome: { kind: "finished" } })).toEqual([]);
});

test.each([
  [
    { held: true },
    {
      type: "held",
      reason: "operator",
      message: "it is not placed until `bace release wide`",
      sinceSeconds: null,
    },
  ],
  [
    { preempted: { by: "urgent", atSeconds: 990, epoch: 2 } },
    {
      ...{ type: "preempted", reason: "priority-class", sinceSeconds: 990 },
      message: "preempted by urgent, a job of a higher class",
    },
  ],
  [
    { notBeforeSeconds: 1004, reason: "tokyo: exit code 69" },
    {
      ...{ type: "backing-off", reason: "epoch-failed", sinceSeconds: null },
      message: "tokyo: exit code 69; it is tried again in 4 s",
    },
  ],
  [
    {
      phase: "stopping",
      epoch: { givenUp: { reason: "tokyo is being drained", next: "requeue", excused: "drained" } },
    },
    { type: "stopping", reason: "drained", message: "tokyo is being drained", sinceSeconds: null },
  ],
  [
    {
      replan: {
        trigger: "capacity",
        step: 40,
        region: "tokyo",
        gpus: 1,
        heldGpus: 3,
        atSeconds: 980,
        epoch: 2,
      },
    },
    {
      ...{ type: "moving", reason: "capacity", sinceSeconds: 980 },
      message: "moved at step 40: tokyo has 1 GPU left, and jobs held 3",
    },
  ],
  [
    { phase: "infeasible" },
    {
      ...{ type: "infeasible", reason: "no-placement", sinceSeconds: null },
      message: "this policy would not place it even if the fleet were empty",
    },
  ],
  [
    { phase: "ended", endedSeconds: 900, outcome: { kind: "failed", reason: "rank 0 ended with 1" } },
    { type: "failed", reason: "gave-up", message: "rank 0 ended with 1", sinceSeconds: 900 },
  ],
])("%j", (fields, condition) => {
  expect(conditions(fields)).toEqual([condition]);
});

test("a tenant is not told the name of another's job", () => {
  const identity = { tenant: "lab" } as Parameters<typeof hideOthers>[2];
  const state = { jobs: new Map() } as unknown as Parameters<typeof hideOthers>[1];
  const shown = hideOthers(
    conditions({ preempted: { by: "urgent", atSeconds: 990, epoch: 2 } }),
    state,
    identity,
  );
  expect(JSON.stringify(shown)).not.toContain("urgent");
});
