/** Random timings and random sound schedules. Times are multiples of 1/4, so sums of them are exact. */

import fc from "fast-check";
import {
  type Action,
  type ComputeKind,
  chainLinks,
  rankOf,
  type Schedule,
  type Timing,
} from "../../../src/pipeline/index.ts";

export const quarterSeconds = fc.integer({ min: 0, max: 40 }).map((quarters) => quarters / 4);
export const blockSeconds = fc.integer({ min: 1, max: 40 }).map((quarters) => quarters / 4);

/** Every ordered pair of ranks has its own link; blocks take `block` each. */
export function timings(stages: number, ranks: number, block = blockSeconds): fc.Arbitrary<Timing> {
  const perStage = fc.array(block, { minLength: stages, maxLength: stages });
  const hops = fc.array(fc.tuple(quarterSeconds, quarterSeconds), {
    minLength: ranks * ranks,
    maxLength: ranks * ranks,
  });
  return fc.record({
    forwardSeconds: perStage,
    inputGradSeconds: perStage,
    weightGradSeconds: perStage,
    overheadSeconds: fc.constantFrom(0, 0.25, 1),
    links: hops.map((values) =>
      values.map(([latencySeconds, occupancySeconds], pair) => ({
        fromRank: Math.floor(pair / ranks),
        toRank: pair % ranks,
        latencySeconds,
        occupancySeconds,
      })),
    ),
  });
}

/**
 * Computation orders that no generator would make: any placement of stages on ranks, now and then another one for the
 * later micro-batches, backwards whole or split; built by performing some action whose inputs exist until none is left,
 * hence free of deadlock.
 */
export const soundSchedules: fc.Arbitrary<Schedule> = fc
  .record({
    rankCount: fc.integer({ min: 1, max: 4 }),
    extraStages: fc.array(fc.nat(), { maxLength: 3 }),
    mirrored: fc.option(fc.record({ first: fc.nat(5), turn: fc.nat() })),
    microbatches: fc.integer({ min: 1, max: 5 }),
    shuffle: fc.infiniteStream(fc.nat()),
  })
  .map(({ rankCount, extraStages, microbatches, mirrored, shuffle }) => {
    const rankOfStage = [
      ...Array.from({ length: rankCount }, (_, rank) => rank),
      ...extraStages.map((n) => n % rankCount),
    ];
    const stages = rankOfStage.length;
    const secondDirection = mirrored && {
      firstMicrobatch: Math.min(mirrored.first, microbatches),
      rankOfStage: rankOfStage.map((rank) => (rank + mirrored.turn) % rankCount).toReversed(),
    };
    const shape = {
      stages,
      microbatches,
      rankOfStage,
      ...(secondDirection && { mirrored: secondDirection }),
    };
    const empty: Schedule = { generator: "random", ranks: [], ...shape };
    const ranks = Array.from({ length: rankCount }, (): Action[] => []);
    const ready: Action[] = Array.from({ length: microbatches }, (_, microbatch) => ({
      kind: "F",
      stage: 0,
      microbatch,
    }));
    const pick = (choices: number) => shuffle.next().value! % choices;
    while (ready.length > 0) {
      const [action] = ready.splice(pick(ready.length), 1) as [Action];
      ranks[rankOf(empty, action.stage, action.microbatch)]!.push(action);
      const { kind, stage, microbatch } = action;
      const backward = (): ComputeKind => (pick(2) === 0 ? "B" : "I");
      if (kind === "F" && stage + 1 < stages) ready.push({ kind: "F", stage: stage + 1, microbatch });
      if (kind === "F" && stage + 1 === stages) ready.push({ kind: backward(), stage, microbatch });
      if (kind === "I") ready.push({ kind: "W", stage, microbatch });
      if ((kind === "B" || kind === "I") && stage > 0)
        ready.push({ kind: backward(), stage: stage - 1, microbatch });
    }
    return { ...empty, ranks };
  });

export const timedSchedules: fc.Arbitrary<readonly [Schedule, Timing]> = soundSchedules.chain((schedule) =>
  timings(schedule.stages, schedule.ranks.length).map((timing) => [schedule, timing] as const),
);

/**
 * The same times for all stages; B takes `backward`, split evenly. One cut, symmetric, after stage
 * `cutAfter`.
 */
export function uniformTiming(options: {
  readonly stages: number;
  readonly forward: number;
  readonly backward: number;
  readonly cutAfter?: number;
  readonly latencySeconds?: number;
  readonly occupancySeconds?: number;
}): Timing {
  const { stages, forward, backward, cutAfter = -1, latencySeconds = 0, occupancySeconds = 0 } = options;
  const perStage = (seconds: number) => Array.from({ length: stages }, () => seconds);
  const hops = Array.from({ length: stages - 1 }, (_, hop) =>
    hop === cutAfter ? { latencySeconds, occupancySeconds } : { latencySeconds: 0, occupancySeconds: 0 },
  );
  return {
    forwardSeconds: perStage(forward),
    inputGradSeconds: perStage(backward / 2),
    weightGradSeconds: perStage(backward / 2),
    overheadSeconds: 0,
    links: chainLinks(hops),
  };
}
