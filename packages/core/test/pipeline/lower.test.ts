/**
 * Lowering: rules spelt out, soundness on random schedules, and what a receive's place costs on each
 * transport.
 */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  actionName,
  compileSchedule,
  generators,
  isCommunication,
  lowerSchedule,
  type Schedule,
  type Timing,
  timeSchedule,
  validateSchedule,
} from "../../src/pipeline/index.ts";
import { soundSchedules, timedSchedules, timings, uniformTiming } from "./support/arbitraries.ts";
import { simulate } from "./support/simulator.ts";

const transports = ["push", "rendezvous"] as const;

const lower = (schedule: Schedule, timing: Timing, transport: (typeof transports)[number]) =>
  lowerSchedule(timeSchedule(compileSchedule(schedule), timing), transport);

const rows = (schedule: Schedule) => schedule.ranks.map((actions) => actions.map(actionName).join(" "));

describe("1F1B on two ranks, three micro-batches, F = 1, B = 2, latency 1", () => {
  const schedule = generators["1f1b"].build({ ranks: 2, microbatches: 3 });
  const timing = uniformTiming({ stages: 2, forward: 1, backward: 2, cutAfter: 0, latencySeconds: 1 });

  // rank 0  F0 0-1, F1 1-2, B0 6-8, F2 8-9, B1 9-11, B2 14-16
  // rank 1  F0 2-3, B0 3-5, F1 5-6, B1 6-8, F2 10-11, B2 11-13
  test("push: before the first local block that starts no sooner than the sender's end", () => {
    expect(rows(lower(schedule, timing, "push"))).toEqual([
      "0F0 0SEND_F0 0F1 0SEND_F1 0RECV_B0 0B0 0RECV_B1 0F2 0SEND_F2 0B1 0RECV_B2 0B2",
      "1RECV_F0 1RECV_F1 1F0 1B0 1SEND_B0 1F1 1B1 1SEND_B1 1RECV_F2 1F2 1B2 1SEND_B2",
    ]);
  });

  test("rendezvous: one block earlier, counted from one latency before the sender's end", () => {
    expect(rows(lower(schedule, timing, "rendezvous"))).toEqual([
      "0F0 0SEND_F0 0RECV_B0 0F1 0SEND_F1 0RECV_B1 0B0 0F2 0SEND_F2 0RECV_B2 0B1 0B2",
      "1RECV_F0 1RECV_F1 1F0 1B0 1SEND_B0 1F1 1RECV_F2 1B1 1SEND_B1 1F2 1B2 1SEND_B2",
    ]);
  });
});

describe.each(transports)("%s: any lowered schedule", (transport) => {
  test("is sound and keeps the computation order", () => {
    fc.assert(
      fc.property(timedSchedules, ([schedule, timing]) => {
        const lowered = lower(schedule, timing, transport);
        expect(validateSchedule(lowered)).toEqual([]);
        const blocks = lowered.ranks.map((actions) => actions.filter(({ kind }) => !isCommunication(kind)));
        expect(blocks).toEqual(schedule.ranks);
      }),
    );
  });

  test("finishes on both transports, even under times other than those it was lowered for", () => {
    const twoTimings = soundSchedules.chain((schedule) => {
      const timing = timings(schedule.stages, schedule.ranks.length);
      return fc.tuple(fc.constant(schedule), timing, timing);
    });
    fc.assert(
      fc.property(twoTimings, ([schedule, expected, actual]) => {
        const lowered = lower(schedule, expected, transport);
        for (const runOn of transports) expect(simulate(lowered, actual, runOn).finished).toBe(true);
      }),
    );
  });

  test("takes, when messages are pushed, the time of its computation order", () => {
    fc.assert(
      fc.property(timedSchedules, ([schedule, timing]) => {
        const lowered = lower(schedule, timing, transport);
        const { makespanSeconds } = timeSchedule(compileSchedule(schedule), timing);
        expect(timeSchedule(compileSchedule(lowered), timing).makespanSeconds).toBe(makespanSeconds);
        expect(simulate(lowered, timing, "push").makespanSeconds).toBe(makespanSeconds);
      }),
    );
  });
});

test("lowered for rendezvous, a schedule loses nothing there if no block is shorter than a latency", () => {
  const longBlocks = fc.integer({ min: 40, max: 80 }).map((quarters) => quarters / 4);
  const cases = soundSchedules.chain((schedule) =>
    timings(schedule.stages, schedule.ranks.length, longBlocks).map((timing) => [schedule, timing] as const),
  );
  fc.assert(
    fc.property(cases, ([schedule, timing]) => {
      const lowered = lower(schedule, timing, "rendezvous");
      const { makespanSeconds } = timeSchedule(compileSchedule(schedule), timing);
      expect(simulate(lowered, timing, "rendezvous").makespanSeconds).toBe(makespanSeconds);
    }),
  );
});

test("receives posted at the consumer would cost a round trip per message on rendezvous transports", () => {
  const schedule = generators.gpipe.build({ ranks: 2, microbatches: 4 });
  const timing = uniformTiming({ stages: 2, forward: 2, backward: 4, cutAfter: 0, latencySeconds: 2 });
  const early = lower(schedule, timing, "rendezvous");
  const atConsumer = {
    ...early,
    ranks: early.ranks.map((actions) =>
      actions
        .filter(({ kind }) => !kind.startsWith("RECV"))
        .flatMap((action) => {
          const { kind, stage, microbatch } = action;
          if (kind === "F" && stage === 1) return [{ kind: "RECV_F", stage, microbatch } as const, action];
          if (kind === "B" && stage === 0) return [{ kind: "RECV_B", stage, microbatch } as const, action];
          return [action];
        }),
    ),
  };
  expect(validateSchedule(atConsumer)).toEqual([]);
  expect(simulate(early, timing, "rendezvous").makespanSeconds).toBe(5 * 6 + 2 * 2);
  expect(simulate(atConsumer, timing, "rendezvous").makespanSeconds).toBeGreaterThan(5 * 6 + 2 * 2 + 4 * 2);
});

test("lowering twice is a broken invariant", () => {
  const timing = uniformTiming({ stages: 2, forward: 1, backward: 2 });
  const lowered = lower(generators.gpipe.build({ ranks: 2, microbatches: 1 }), timing, "push");
  expect(() => lower(lowered, timing, "push")).toThrow("lowered already");
});
