/**
 * The timing pass against an independent event-driven simulator, and its link model on cases done by hand.
 */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type ActionKind,
  actionName,
  chainLinks,
  compileSchedule,
  generators,
  lowerSchedule,
  type Schedule,
  type Timing,
  timeSchedule,
} from "../../src/pipeline/index.ts";
import { timedSchedules, timings, uniformTiming } from "./support/arbitraries.ts";
import { simulate } from "./support/simulator.ts";

function expectSameAsSimulator(schedule: Schedule, timing: Timing): void {
  const timed = timeSchedule(compileSchedule(schedule), timing);
  const simulated = simulate(schedule, timing);
  expect(simulated.finished).toBe(true);
  const names = schedule.ranks.flat().map(actionName);
  expect(new Map(names.map((name, id) => [name, timed.startSeconds[id]]))).toEqual(simulated.startSeconds);
  expect(new Map(names.map((name, id) => [name, timed.endSeconds[id]]))).toEqual(simulated.endSeconds);
  const consumers = Array.from(timed.compiled.receiverOfMessage, (id) => names[id]!);
  const arrivals = consumers.map((name, message) => [name, timed.messageArrivalSeconds[message]] as const);
  expect(new Map(arrivals)).toEqual(simulated.arrivalSeconds);
  expect(timed.makespanSeconds).toBe(simulated.makespanSeconds);
}

describe("equals the event-driven simulator", () => {
  test("on random schedules: any placement, split backwards, unequal stages, queueing links", () => {
    fc.assert(
      fc.property(timedSchedules, ([schedule, timing]) => expectSameAsSimulator(schedule, timing)),
      {
        numRuns: 500,
      },
    );
  });

  test.each(["1f1b", "gpipe"] as const)("on %s with unequal stages and links", (generator) => {
    const cases = fc
      .record({ ranks: fc.integer({ min: 1, max: 6 }), microbatches: fc.integer({ min: 1, max: 8 }) })
      .chain((shape) =>
        timings(shape.ranks, shape.ranks).map(
          (timing) => [generators[generator].build(shape), timing] as const,
        ),
      );
    fc.assert(fc.property(cases, ([schedule, timing]) => expectSameAsSimulator(schedule, timing)));
  });
});

describe("lowered schedules", () => {
  test("take the same times, with sends and receives in no time at the end of the block before", () => {
    fc.assert(
      fc.property(timedSchedules, ([schedule, timing]) => {
        const timed = timeSchedule(compileSchedule(schedule), timing);
        expectSameAsSimulator(lowerSchedule(timed, "push"), timing);
      }),
    );
  });

  test("release a message at its SEND, not at the end of its block", () => {
    const action = (kind: ActionKind, stage: number) => ({ kind, stage, microbatch: 0 }) as const;
    const schedule: Schedule = {
      generator: "gradient sent after the weight gradient",
      stages: 2,
      microbatches: 1,
      ranks: [
        [action("F", 0), action("SEND_F", 0), action("RECV_B", 0), action("B", 0)],
        [action("RECV_F", 1), action("F", 1), action("I", 1), action("W", 1), action("SEND_B", 1)],
      ],
      rankOfStage: [0, 1],
    };
    const timing = uniformTiming({ stages: 2, forward: 1, backward: 2 });
    expect(timeSchedule(compileSchedule(schedule), timing).makespanSeconds).toBe(1 + 1 + 2 + 2);
    expectSameAsSimulator(schedule, timing);
  });
});

describe("links", () => {
  const twoForwards = { ranks: 2, stages: 2, microbatches: 2, forward: 1, backward: 2, cutAfter: 0 };
  const timeGpipe = (timing: Timing) =>
    timeSchedule(compileSchedule(generators.gpipe.build(twoForwards)), timing);
  const forwardLink = 0;

  test("occupancy queues: the second of two messages starts when the first has left", () => {
    const timed = timeGpipe(uniformTiming({ ...twoForwards, latencySeconds: 0.5, occupancySeconds: 3 }));
    expect(timed.compiled.links[forwardLink]).toEqual({ fromRank: 0, toRank: 1 });
    expect([...timed.messageStartSeconds.subarray(0, 2)]).toEqual([1, 4]);
    expect([...timed.messageEndSeconds.subarray(0, 2)]).toEqual([4, 7]);
    expect([...timed.messageArrivalSeconds.subarray(0, 2)]).toEqual([4.5, 7.5]);
  });

  test("latency does not: both are in flight at once", () => {
    const timed = timeGpipe(uniformTiming({ ...twoForwards, latencySeconds: 10 }));
    expect([...timed.messageArrivalSeconds.subarray(0, 2)]).toEqual([11, 12]);
  });

  test("the two directions do not disturb each other", () => {
    const timing = uniformTiming(twoForwards);
    const free = { latencySeconds: 0, occupancySeconds: 0 };
    const busy = { latencySeconds: 0, occupancySeconds: 5 };
    const oneWay = timeGpipe({ ...timing, links: chainLinks([busy], [free]) });
    const bothWays = timeGpipe({ ...timing, links: chainLinks([busy], [busy]) });
    expect(bothWays.messageArrivalSeconds.subarray(0, 2)).toEqual(
      oneWay.messageArrivalSeconds.subarray(0, 2),
    );
  });

  test("stages on one rank exchange nothing: the turn of a V costs no message", () => {
    const action = (kind: "F" | "B", stage: number) => ({ kind, stage, microbatch: 0 }) as const;
    const turn: Schedule = {
      generator: "V",
      stages: 4,
      microbatches: 1,
      ranks: [
        [action("F", 0), action("F", 3), action("B", 3), action("B", 0)],
        [action("F", 1), action("F", 2), action("B", 2), action("B", 1)],
      ],
      rankOfStage: [0, 1, 1, 0],
    };
    const hop = { latencySeconds: 1, occupancySeconds: 0 };
    const timing = { ...uniformTiming({ stages: 4, forward: 1, backward: 2 }), links: chainLinks([hop]) };
    const timed = timeSchedule(compileSchedule(turn), timing);
    expect(timed.compiled.messageCount).toBe(4);
    expect(timed.makespanSeconds).toBe(4 * (1 + 2) + 4);
  });

  test("links of pairs that the schedule does not use have no effect", () => {
    const timing = uniformTiming(twoForwards);
    const far = { latencySeconds: 9, occupancySeconds: 9 };
    const unused = [
      { fromRank: 0, toRank: 3, ...far },
      { fromRank: 1, toRank: 1, ...far },
    ];
    expect(timeGpipe({ ...timing, links: unused }).makespanSeconds).toBe(timeGpipe(timing).makespanSeconds);
  });
});

describe("broken invariants throw", () => {
  const compiled = compileSchedule(generators["1f1b"].build({ ranks: 2, microbatches: 2 }));
  const timing = uniformTiming({ stages: 2, forward: 1, backward: 2, cutAfter: 0 });

  test("a timing for fewer stages", () => {
    expect(() => timeSchedule(compiled, { ...timing, forwardSeconds: [1] })).toThrow("Timing.forwardSeconds");
  });

  test("a negative or infinite time", () => {
    expect(() => timeSchedule(compiled, { ...timing, overheadSeconds: -1 })).toThrow(
      "Timing.overheadSeconds",
    );
    const dead = chainLinks([{ latencySeconds: 0, occupancySeconds: Number.POSITIVE_INFINITY }]);
    expect(() => timeSchedule(compiled, { ...timing, links: dead })).toThrow("Timing.occupancySeconds");
  });

  test("compiling a schedule that deadlocks", () => {
    const { schedule } = compiled;
    expect(() =>
      compileSchedule({ ...schedule, ranks: schedule.ranks.map((actions) => actions.toReversed()) }),
    ).toThrow("deadlocks after 0 of 8 actions");
  });

  test("a chain with unequal hops back and forth", () => {
    expect(() => chainLinks([], [{ latencySeconds: 0, occupancySeconds: 0 }])).toThrow("as many hops");
  });
});
