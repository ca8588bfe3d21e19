/** The validator: silent on sound schedules, and telling about every single mutation of one. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Action,
  actionName,
  compileSchedule,
  generators,
  isCommunication,
  lowerSchedule,
  peerStage,
  rankOf,
  type Schedule,
  type ScheduleProblem,
  timeSchedule,
  validateSchedule,
} from "../../src/pipeline/index.ts";
import { soundSchedules, timedSchedules, uniformTiming } from "./support/arbitraries.ts";
import { finishes } from "./support/finishes.ts";

const computed = generators["1f1b"].build({ ranks: 3, microbatches: 4 });
const timing = uniformTiming({ stages: 3, forward: 1, backward: 2 });
const lowered = lowerSchedule(timeSchedule(compileSchedule(computed), timing), "push");

const codes = (problems: readonly ScheduleProblem[]) => problems.map(({ code }) => code);
const involved = (problem: ScheduleProblem | undefined) =>
  problem?.actions.map(({ action }) => actionName(action));

function withRank(
  schedule: Schedule,
  rank: number,
  change: (actions: readonly Action[]) => readonly Action[],
): Schedule {
  return {
    ...schedule,
    ranks: schedule.ranks.map((actions, at) => (at === rank ? change(actions) : actions)),
  };
}

/** The schedule with the order of one rank given by name, `0F0 0F1 ...`; all names must be there already. */
function reordered(schedule: Schedule, rank: number, names: string): Schedule {
  return withRank(schedule, rank, (actions) =>
    names.split(" ").map((name) => actions.find((action) => actionName(action) === name)!),
  );
}

function swapped(schedule: Schedule, rank: number, first: string, second: string): Schedule {
  return withRank(schedule, rank, (actions) => {
    const at = (name: string) => actions.findIndex((action) => actionName(action) === name);
    const [a, b] = [at(first), at(second)];
    return actions.with(a, actions[b]!).with(b, actions[a]!);
  });
}

/** Every position of a schedule. */
const positions = (schedule: Schedule) =>
  schedule.ranks.flatMap((actions, rank) => actions.map((action, position) => ({ rank, position, action })));

test("sound schedules have no problems, in computation order and lowered", () => {
  expect(validateSchedule(computed)).toEqual([]);
  expect(validateSchedule(lowered)).toEqual([]);
  fc.assert(
    fc.property(soundSchedules, (schedule) => {
      expect(validateSchedule(schedule)).toEqual([]);
    }),
  );
});

describe.each([
  ["computation order", computed],
  ["lowered", lowered],
])("each single mutation of 1F1B, %s", (_, schedule) => {
  test.each(positions(schedule).map((placed) => [actionName(placed.action), placed]))(
    "dropping %s",
    (name, placed) => {
      const problems = validateSchedule(
        withRank(schedule, placed.rank, (actions) => actions.toSpliced(placed.position, 1)),
      );
      expect(codes(problems)).toEqual(["schedule/missing"]);
      expect(problems[0]!.actions).toEqual([{ ...placed, position: null }]);
      expect(problems[0]!.message).toBe(`${name} (rank ${placed.rank}) is missing`);
    },
  );

  test.each(positions(schedule).map((placed) => [actionName(placed.action), placed]))(
    "doubling %s",
    (_name, placed) => {
      const problems = validateSchedule(
        withRank(schedule, placed.rank, (actions) => [...actions, placed.action]),
      );
      expect(codes(problems)).toEqual(["schedule/duplicate"]);
      const copy = { ...placed, position: schedule.ranks[placed.rank]!.length };
      expect(problems[0]!.actions).toEqual([placed, copy]);
    },
  );

  test.each(positions(schedule).map((placed) => [actionName(placed.action), placed]))(
    "moving %s to another rank",
    (_name, placed) => {
      const without = withRank(schedule, placed.rank, (actions) => actions.toSpliced(placed.position, 1));
      const moved = withRank(without, (placed.rank + 1) % 3, (actions) => [placed.action, ...actions]);
      expect(codes(validateSchedule(moved))).toEqual(["schedule/wrong-rank"]);
    },
  );
});

describe("backwards", () => {
  const split: Schedule = withRank(computed, 1, (actions) =>
    actions.flatMap((action) =>
      action.kind === "B"
        ? [
            { ...action, kind: "I" as const },
            { ...action, kind: "W" as const },
          ]
        : [action],
    ),
  );

  test("may be whole on one stage and split on another", () => {
    expect(validateSchedule(split)).toEqual([]);
  });

  test("must not lack one of their halves", () => {
    for (const kind of ["I", "W"]) {
      const half = withRank(split, 1, (actions) =>
        actions.filter((a) => a.kind !== kind || a.microbatch !== 2),
      );
      const problems = validateSchedule(half);
      expect(codes(problems)).toEqual(["schedule/missing"]);
      expect(involved(problems[0])).toEqual([`1${kind}2`]);
    }
  });

  test("must not be both whole and split", () => {
    const both = withRank(split, 1, (actions) => [...actions, { kind: "B", stage: 1, microbatch: 0 }]);
    const problems = validateSchedule(both);
    expect(codes(problems)).toEqual(["schedule/mixed-backward"]);
    expect(involved(problems[0])).toEqual(["1B0", "1I0", "1W0"]);
  });
});

describe("deadlocks name the actions involved", () => {
  test("two ranks that wait for each other", () => {
    const problems = validateSchedule(swapped(computed, 0, "0F1", "0B0"));
    expect(codes(problems)).toEqual(["schedule/deadlock"]);
    expect(problems[0]!.message).toBe(
      "rank 0 at position 1 (0B0) waits for 1B0 of rank 1; rank 1 at position 1 (1F1) waits for 0F1 of rank 0",
    );
    expect(involved(problems[0])).toEqual(["0B0", "1B0", "1F1", "0F1"]);
  });

  test("a backward before its own forward", () => {
    const problems = validateSchedule(swapped(computed, 2, "2F3", "2B3"));
    expect(codes(problems)).toEqual(["schedule/deadlock"]);
    expect(involved(problems[0])).toEqual(["2B3", "2F3"]);
  });

  test("a weight gradient before its input gradient", () => {
    const halves = (["F", "W", "I"] as const).map((kind) => ({ kind, stage: 0, microbatch: 0 }));
    const schedule = { generator: "", stages: 1, microbatches: 1, ranks: [halves], rankOfStage: [0] };
    expect(involved(validateSchedule(schedule)[0])).toEqual(["0W0", "0I0"]);
  });

  test("ranks that only wait for a deadlocked one are not part of the circle", () => {
    const gpipe = generators.gpipe.build({ ranks: 3, microbatches: 1 });
    const problems = validateSchedule(reordered(gpipe, 2, "2B0 2F0"));
    expect(problems.map(involved)).toEqual([["2B0", "2F0"]]);
  });

  test("exactly those schedules deadlock whose ranks, shuffled, cannot all finish", () => {
    const shuffled = soundSchedules.chain((schedule) =>
      fc
        .tuple(
          ...schedule.ranks.map((actions) =>
            fc.shuffledSubarray([...actions], { minLength: actions.length }),
          ),
        )
        .map((ranks) => ({ ...schedule, ranks })),
    );
    fc.assert(
      fc.property(shuffled, (schedule) => {
        const deadlocks = validateSchedule(schedule).length > 0;
        expect(deadlocks).toBe(!finishes(schedule));
      }),
    );
  });
});

describe("messages of a lowered schedule", () => {
  test("receives in another order than their sends", () => {
    const problems = validateSchedule(swapped(lowered, 1, "1RECV_F1", "1RECV_F0"));
    expect(codes(problems)).toContain("schedule/channel-order");
    const order = problems.find(({ code }) => code === "schedule/channel-order");
    expect(involved(order)).toEqual(["0SEND_F0", "1RECV_F1"]);
    expect(order!.message).toMatch(/^message 0 of a channel is 0SEND_F0 .* but received by 1RECV_F1/);
  });

  test("sends in another order than their receives", () => {
    const problems = validateSchedule(swapped(lowered, 2, "2SEND_B2", "2SEND_B3"));
    expect(codes(problems)).toContain("schedule/channel-order");
  });

  test("a send before its block", () => {
    const problems = validateSchedule(swapped(lowered, 1, "1F2", "1SEND_F2"));
    expect(codes(problems)).toEqual(["schedule/send-before-block"]);
    expect(involved(problems[0])).toEqual(["1SEND_F2"]);
  });

  test("a send so late that both ranks wait for each other", () => {
    const late = lowered.ranks[0]!.filter((action) => actionName(action) !== "0SEND_F1");
    const lastSend = { kind: "SEND_F", stage: 0, microbatch: 1 } as const;
    const problems = validateSchedule(withRank(lowered, 0, () => [...late, lastSend]));
    expect(codes(problems)).toEqual(["schedule/channel-order", "schedule/deadlock"]);
    expect(involved(problems[1])).toContain("0SEND_F1");
  });

  test("a receive after its consumer", () => {
    const problems = validateSchedule(swapped(lowered, 2, "2RECV_F3", "2F3"));
    expect(codes(problems)).toEqual(["schedule/receive-after-use"]);
    expect(involved(problems[0])).toEqual(["2RECV_F3"]);
  });

  test("messages that cross no rank, or have no other end", () => {
    const toNowhere = { kind: "SEND_F", stage: 2, microbatch: 0 } as const;
    expect(codes(validateSchedule(withRank(lowered, 2, (actions) => [...actions, toNowhere])))).toEqual([
      "schedule/needless-message",
    ]);
    const blocks = (["F", "B"] as const).flatMap((kind) => {
      const stages = kind === "F" ? [0, 1] : [1, 0];
      return stages.map((stage) => ({ kind, stage, microbatch: 0 }));
    });
    const toItself = { kind: "SEND_F", stage: 0, microbatch: 0 } as const;
    const ranks = [[...blocks, toItself]];
    const problems = validateSchedule({
      generator: "",
      stages: 2,
      microbatches: 1,
      ranks,
      rankOfStage: [0, 0],
    });
    expect(codes(problems)).toEqual(["schedule/needless-message"]);
    expect(problems[0]!.message).toBe(
      "0SEND_F0 (rank 0, position 4) crosses no rank: stage 1 is on rank 0 too",
    );
  });

  test("any adjacent swap of two receives of one channel, in random schedules", () => {
    fc.assert(
      fc.property(timedSchedules, fc.nat(), ([schedule, random], pick) => {
        const sound = lowerSchedule(timeSchedule(compileSchedule(schedule), random), "push");
        const pairs = positions(sound).flatMap((placed, index, all) => {
          const next = all[index + 1]?.action;
          const { kind, microbatch, stage } = placed.action;
          if (next?.kind !== kind || next.stage !== stage || !isCommunication(kind)) return [];
          const peer = peerStage(kind, stage);
          const sameHop = rankOf(sound, peer, microbatch) === rankOf(sound, peer, next.microbatch);
          return sameHop && kind.startsWith("RECV") ? [[placed.rank, placed.action, next] as const] : [];
        });
        fc.pre(pairs.length > 0);
        const [rank, first, second] = pairs[pick % pairs.length]!;
        const wrong = swapped(sound, rank, actionName(first), actionName(second));
        expect(codes(validateSchedule(wrong))).toContain("schedule/channel-order");
      }),
    );
  });
});

describe("shape", () => {
  test.each([
    [{ ...computed, stages: 0, rankOfStage: [] }, "stages is 0"],
    [{ ...computed, microbatches: 1.5 }, "microbatches is 1.5"],
    [{ ...computed, rankOfStage: [0, 1] }, "rankOfStage places 2 stages of 3"],
    [{ ...computed, rankOfStage: [0, 1, 3] }, "rankOfStage puts stage 2 on rank 3 of 3"],
  ])("%#", (schedule, message) => {
    expect(validateSchedule(schedule).map((problem) => [problem.code, problem.message])).toEqual([
      ["schedule/bad-shape", message],
    ]);
  });

  const mirrored = { firstMicrobatch: 2, rankOfStage: [2, 1, 0] };

  test.each([
    [{ ...mirrored, firstMicrobatch: 5 }, "mirrored.firstMicrobatch is 5 of 4"],
    [{ ...mirrored, firstMicrobatch: 0.5 }, "mirrored.firstMicrobatch is 0.5 of 4"],
    [{ ...mirrored, rankOfStage: [2, 1] }, "mirrored.rankOfStage places 2 stages of 3"],
    [{ ...mirrored, rankOfStage: [2, 1, -1] }, "mirrored.rankOfStage puts stage 2 on rank -1 of 3"],
  ])("a second direction, %#", (wrong, message) => {
    const problems = validateSchedule({ ...computed, mirrored: wrong });
    expect(problems.map((problem) => [problem.code, problem.message])).toEqual([
      ["schedule/bad-shape", message],
    ]);
  });

  test("micro-batches of the second direction belong to its ranks", () => {
    const problems = validateSchedule({ ...computed, mirrored });
    expect(new Set(codes(problems))).toEqual(new Set(["schedule/wrong-rank"]));
    expect(problems.map(({ actions }) => actions[0]!.action.microbatch)).not.toContain(1);
    expect(problems[0]!.advice).toBe("Move it to rank 2, or change mirrored.rankOfStage[0].");
    const empty = { ...mirrored, firstMicrobatch: 4 };
    expect(validateSchedule({ ...computed, mirrored: empty })).toEqual([]);
  });

  test("actions outside stages and micro-batches", () => {
    const outside = { kind: "F", stage: 0, microbatch: 4 } as const;
    const problems = validateSchedule(withRank(computed, 0, (actions) => [...actions, outside]));
    expect(problems.map((problem) => [problem.code, problem.message])).toEqual([
      ["schedule/out-of-range", "0F4 (rank 0, position 8) is outside 3 stages and 4 micro-batches"],
    ]);
  });
});

describe("memory", () => {
  test("is not looked at unless there are limits", () => {
    expect(validateSchedule(computed, { memoryCap: [3, 2, 1] })).toEqual([]);
    expect(validateSchedule(lowered, { memoryCap: [3, Infinity, 1] })).toEqual([]);
  });

  test("names the first action that goes over, and how far it goes, on each rank", () => {
    const problems = validateSchedule(computed, { memoryCap: [1, 2, 0] });
    expect(codes(problems)).toEqual(["schedule/over-memory", "schedule/over-memory"]);
    expect(problems.map(({ message }) => message)).toEqual([
      "0F1 (rank 0, position 1) makes it 2 activations where rank 0 can hold 1; it comes to 3",
      "2F0 (rank 2, position 0) makes it 1 activations where rank 2 can hold 0; it comes to 1",
    ]);
  });

  test("an input gradient releases half", () => {
    const split = generators["zb-h1"].build({ ranks: 3, microbatches: 6 });
    expect(validateSchedule(split, { memoryCap: [3, 2.5, 2] })).toEqual([]);
    const [problem, ...others] = validateSchedule(split, { memoryCap: [3, 2, 2] });
    expect(others).toEqual([]);
    expect(problem!.message).toContain("makes it 2.5 activations where rank 1 can hold 2");
  });

  test("limits are for all ranks", () => {
    expect(validateSchedule(computed, { memoryCap: [3] }).map(({ message }) => message)).toEqual([
      "memoryCap has 1 entries for 3 ranks",
    ]);
  });
});
