/** Bubble, memory and exposed communication, on cases small enough to be done by hand. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Action,
  compileSchedule,
  generators,
  lowerSchedule,
  type Schedule,
  scheduleStats,
  type Timing,
  timeSchedule,
} from "../../src/pipeline/index.ts";
import { timedSchedules, uniformTiming } from "./support/arbitraries.ts";

const statsOf = (schedule: Schedule, timing: Timing) =>
  scheduleStats(timeSchedule(compileSchedule(schedule), timing));

/** `0F0 1B2` and so on. */
const actions = (names: string): readonly Action[] =>
  names.split(" ").map((name) => {
    const [, stage, kind, microbatch] = /^(\d+)([FBIW])(\d+)$/.exec(name)!;
    return { kind: kind as "F" | "B" | "I" | "W", stage: Number(stage), microbatch: Number(microbatch) };
  });

describe("makespan and span", () => {
  test("differ where the rank that starts first does not end last", () => {
    const schedule: Schedule = {
      generator: "delayed weight gradients",
      stages: 2,
      microbatches: 1,
      ranks: [actions("0F0 0B0"), actions("1F0 1I0 1W0")],
      rankOfStage: [0, 1],
    };
    const timing = { ...uniformTiming({ stages: 2, forward: 1, backward: 2 }), weightGradSeconds: [1, 9] };
    const stats = statsOf(schedule, timing);
    expect(stats).toMatchObject({ makespanSeconds: 12, spanSeconds: 11, busySeconds: [3, 11] });
    expect(stats.bubbleRatio).toBeCloseTo(1 - 14 / 24, 12);
    expect(stats.spanBubbleRatio).toBeCloseTo(1 - 14 / 22, 12);
  });

  test("a schedule that takes no time has no bubble", () => {
    const stats = statsOf(
      generators.gpipe.build({ ranks: 2, microbatches: 1 }),
      uniformTiming({ stages: 2, forward: 0, backward: 0 }),
    );
    expect(stats).toMatchObject({ bubbleRatio: 0, spanBubbleRatio: 0 });
  });
});

describe("peak activations", () => {
  const single = (order: string) => {
    const schedule = { generator: "", stages: 1, microbatches: 3, ranks: [actions(order)], rankOfStage: [0] };
    return statsOf(schedule, uniformTiming({ stages: 1, forward: 1, backward: 2 })).peakActivationsOfStage[0];
  };

  test("an input gradient releases half an activation, its weight gradient the other half", () => {
    expect(single("0F0 0B0 0F1 0B1 0F2 0B2")).toBe(1);
    expect(single("0F0 0I0 0F1 0I1 0F2 0I2 0W0 0W1 0W2")).toBe(2);
    expect(single("0F0 0I0 0W0 0F1 0I1 0F2 0I2 0W1 0W2")).toBe(1.5);
    expect(single("0F0 0F1 0F2 0B0 0B1 0B2")).toBe(3);
  });

  test("stages of one rank count apart and together", () => {
    const schedule: Schedule = {
      generator: "wave",
      stages: 2,
      microbatches: 2,
      ranks: [actions("0F0 0F1 1F0 1B0 1F1 1B1 0B0 0B1")],
      rankOfStage: [0, 0],
    };
    const stats = statsOf(schedule, uniformTiming({ stages: 2, forward: 1, backward: 2 }));
    expect(stats).toMatchObject({ peakActivationsOfStage: [2, 1], peakActivationsOfRank: [3] });
  });
});

describe("exposed communication", () => {
  const exposed = (schedule: Schedule, timing: Timing) => statsOf(schedule, timing).exposed;

  test("without delay there is none, however long ranks wait for each other", () => {
    const links = exposed(
      generators["1f1b"].build({ ranks: 2, microbatches: 3 }),
      uniformTiming({ stages: 2, forward: 1, backward: 2 }),
    );
    expect(links).toEqual([
      { fromRank: 0, toRank: 1, seconds: 0 },
      { fromRank: 1, toRank: 0, seconds: 0 },
    ]);
  });

  test("counts idle time from the sender's end, the queue included", () => {
    // rank 0  F0 0-1, F1 1-2, then waits; messages on the link 1-4 and 4-7, arriving at 5 and 8
    // rank 1  F0 5-6, F1 8-9, B0 9-11, B1 11-13; gradients on the link 11-14 and 14-17, arriving at 15 and 18
    const timing = uniformTiming({
      stages: 2,
      forward: 1,
      backward: 2,
      cutAfter: 0,
      latencySeconds: 1,
      occupancySeconds: 3,
    });
    expect(exposed(generators.gpipe.build({ ranks: 2, microbatches: 2 }), timing)).toEqual([
      { fromRank: 0, toRank: 1, seconds: 4 + 2 },
      { fromRank: 1, toRank: 0, seconds: 4 + 1 },
    ]);
  });

  test("GPipe exposes one latency in each direction", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 6 }),
        fc.integer({ min: 1, max: 9 }),
        fc.nat(9),
        (p, m, latencySeconds) => {
          const timing = uniformTiming({ stages: p, forward: 1, backward: 2, cutAfter: 0, latencySeconds });
          const cut = exposed(generators.gpipe.build({ ranks: p, microbatches: m }), timing).filter(
            ({ fromRank, toRank }) => fromRank + toRank === 1,
          );
          expect(cut.map(({ seconds }) => seconds)).toEqual([latencySeconds, latencySeconds]);
        },
      ),
    );
  });
});

test("lowering changes no figure", () => {
  fc.assert(
    fc.property(timedSchedules, ([schedule, timing]) => {
      const timed = timeSchedule(compileSchedule(schedule), timing);
      expect(statsOf(lowerSchedule(timed, "rendezvous"), timing)).toEqual(scheduleStats(timed));
    }),
  );
});
