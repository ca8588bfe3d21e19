/** Gradients of data parallelism beside the pipeline's messages, and cables that several ranks send over. */
import { describe, expect, test } from "vitest";
import {
  compileSchedule,
  evaluateSchedule,
  generators,
  lowerBoundSeconds,
  lowerSchedule,
  type Pipeline,
  type Schedule,
  scheduleNames,
  type Timing,
  timedGenerators,
  timeSchedule,
  timingOf,
} from "../../src/pipeline/index.ts";

const schedule = generators["1f1b"].build({ ranks: 2, microbatches: 2 });
const pipeline: Pipeline = {
  ranks: 2,
  microbatches: 2,
  chunks: 1,
  forwardSeconds: [1, 1],
  inputGradSeconds: [1, 1],
  weightGradSeconds: [1, 1],
  overheadSeconds: 0,
  hops: [{ latencySeconds: 0, occupancySeconds: 0 }],
  memoryCap: [2, 2],
};
const makespan = (of: Pipeline, extra: Partial<Timing> = {}) =>
  timeSchedule(compileSchedule(schedule), { ...timingOf(of, schedule), ...extra }).makespanSeconds;

describe("gradients", () => {
  const sync = (reduceSeconds: number, gatherSeconds: number) => ({ reduceSeconds, gatherSeconds });

  test("are reduced while other stages compute: only what is left after them costs", () => {
    expect(makespan(pipeline)).toBe(9); // rank 1 ends at 7, rank 0 at 9
    expect(makespan({ ...pipeline, gradients: [sync(0, 0), sync(2, 0)] })).toBe(9);
    expect(makespan({ ...pipeline, gradients: [sync(0, 0), sync(3, 0)] })).toBe(10);
    expect(makespan({ ...pipeline, gradients: [sync(3, 0), sync(3, 0)] })).toBe(12);
  });

  test("weights are gathered before a stage's first forward, while the stages before it compute", () => {
    expect(makespan({ ...pipeline, gradients: [sync(0, 0), sync(0, 1)] })).toBe(9);
    expect(makespan({ ...pipeline, gradients: [sync(0, 0), sync(0, 1.5)] })).toBe(9.5);
    expect(makespan({ ...pipeline, gradients: [sync(0, 1), sync(0, 0)] })).toBe(10);
  });

  test("queue on a link between its messages", () => {
    // Rank 1 sends its last gradient at 7; that takes a second, and the reduction follows it.
    const slow = { ...pipeline, hops: [{ latencySeconds: 0, occupancySeconds: 1 }] };
    expect(makespan(slow)).toBe(11);
    expect(makespan({ ...slow, gradients: [sync(0, 0), { ...sync(4, 0), overLinkToRank: 0 }] })).toBe(13);
    expect(makespan({ ...slow, gradients: [sync(0, 0), sync(4, 0)] })).toBe(12);
    // A gather holds up the first activation that takes the same link.
    expect(makespan({ ...slow, gradients: [{ ...sync(0, 0.5), overLinkToRank: 1 }, sync(0, 0)] })).toBe(11.5);
    expect(() =>
      makespan({ ...slow, gradients: [{ ...sync(0, 1), overLinkToRank: 5 }, sync(0, 0)] }),
    ).toThrow("nothing goes from rank 0 to 5");
  });
});

describe("over links", () => {
  const ranks = 4;
  const all = (value: number) => Array<number>(ranks).fill(value);
  const over: Pipeline = {
    ranks,
    microbatches: 8,
    chunks: 2,
    forwardSeconds: all(1),
    inputGradSeconds: all(1),
    weightGradSeconds: all(1),
    overheadSeconds: 0,
    hops: [1, 2, 3].map(() => ({ latencySeconds: 0.5, occupancySeconds: 0.25 })),
    memoryCap: all(Number.POSITIVE_INFINITY),
    gradients: all(2).map((reduceSeconds, rank) => ({
      reduceSeconds: reduceSeconds + rank,
      gatherSeconds: 1,
      overLinkToRank: rank < ranks - 1 ? rank + 1 : rank - 1,
    })),
  };

  test.each(scheduleNames)(
    "%s takes the same time lowered: the last gradient goes before its reduction",
    (name) => {
      const built = timedGenerators[name].build(over);
      const { timed } = evaluateSchedule(over, built);
      const lowered = lowerSchedule(timed, "push");
      const again = timeSchedule(compileSchedule(lowered), timingOf(over, lowered));
      expect(again.makespanSeconds).toBeCloseTo(timed.makespanSeconds, 9);
      expect(timed.makespanSeconds).toBeGreaterThanOrEqual(lowerBoundSeconds(over, built) - 1e-9);
    },
  );

  test("a stage on two ranks is reduced by each, with the rank's own seconds", () => {
    const built = timedGenerators.dualpipe.build(over);
    const { gradientSyncs = [] } = timingOf(over, built);
    const of = (stage: number) =>
      gradientSyncs
        .filter((sync) => sync.stage === stage)
        .map(({ rank, reduceSeconds }) => [rank, reduceSeconds]);
    expect(of(0)).toEqual([
      [0, 2 * 2],
      [3, 2 * 5],
    ]);
  });
});

describe("a cable that several ranks send over", () => {
  const ranks = 3;
  // Stages 0 and 1 on ranks 0 and 1 send to stages on rank 2: 0F → 2F is no neighbour, so a loop of two chunks.
  const loop: Schedule = {
    generator: "",
    stages: 4,
    microbatches: 1,
    rankOfStage: [0, 1, 2, 0],
    ranks: [
      [
        { kind: "F", stage: 0, microbatch: 0 },
        { kind: "F", stage: 3, microbatch: 0 },
        { kind: "B", stage: 3, microbatch: 0 },
        { kind: "B", stage: 0, microbatch: 0 },
      ],
      [
        { kind: "F", stage: 1, microbatch: 0 },
        { kind: "B", stage: 1, microbatch: 0 },
      ],
      [
        { kind: "F", stage: 2, microbatch: 0 },
        { kind: "B", stage: 2, microbatch: 0 },
      ],
    ],
  };

  test("is taken in the order of time, whoever sends", () => {
    const link = (fromRank: number, toRank: number) => ({
      fromRank,
      toRank,
      latencySeconds: 0,
      occupancySeconds: 2,
      medium: 7,
    });
    const timing: Timing = {
      forwardSeconds: [1, 1, 1, 1],
      inputGradSeconds: [1, 1, 1, 1],
      weightGradSeconds: [0, 0, 0, 0],
      overheadSeconds: 0,
      links: [link(0, 1), link(1, 2), link(2, 0), link(0, 2), link(2, 1), link(1, 0)],
    };
    const compiled = compileSchedule(loop);
    const timed = timeSchedule(compiled, timing);
    expect(timed.makespanSeconds).toBe(8 + 6 * 2);
    const enters = Array.from(timed.messageStartSeconds).sort((a, b) => a - b);
    for (const [i, enter] of enters.entries())
      if (i > 0) expect(enter).toBeGreaterThanOrEqual(enters[i - 1]! + 2);
    expect(ranks).toBe(compiled.schedule.ranks.length);
  });

  test("is the cut, for a schedule that goes round: two messages at once take twice as long", () => {
    const cut: Pipeline = {
      ...pipeline,
      ranks: 3,
      forwardSeconds: [1, 1, 1],
      inputGradSeconds: [1, 1, 1],
      weightGradSeconds: [0, 0, 0],
      hops: [
        { latencySeconds: 0, occupancySeconds: 0 },
        { latencySeconds: 1, occupancySeconds: 3 },
      ],
      memoryCap: [9, 9, 9],
    };
    const { links } = timingOf(cut, loop);
    const back = links.filter(({ medium }) => medium === 3).map(({ fromRank, toRank }) => [fromRank, toRank]);
    expect(back).toEqual([
      [2, 1],
      [2, 0],
    ]);
    // Uniform hops are no cut: the way round is a link of its own.
    const uniform = { ...cut, hops: [cut.hops[1]!, cut.hops[1]!] };
    expect(timingOf(uniform, loop).links.filter(({ medium }) => medium === undefined)).toHaveLength(2);
  });
});
