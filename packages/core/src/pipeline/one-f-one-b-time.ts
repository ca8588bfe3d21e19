/**
 * The makespan of 1F1B, with or without extra warm-up, and nothing else: the timing pass of `time.ts` without
 * building and compiling the schedule first, for schedulers that compare thousands of placements.
 *
 * The order of 1F1B is known, so its dependencies can be swept as they come: in round i every stage, the last
 * first, does its backward of micro-batch i−1−ahead, and then, the first stage first, its forward of i. That is
 * what generating, compiling and timing gives, to the last bit; the tests compare them.
 */

import { assertExtraForwards, forwardsAhead } from "./generate/one-f-one-b.ts";
import type { Timing } from "./timing.ts";

/**
 * Seconds. Throws a RangeError if `extraForwards` are none, see `warmupOneFOneB`, and on links other than the chain's: rank
 * h to h+1 and back. Of gradients the reductions only, on networks apart.
 */
export function oneFOneBSeconds(
  microbatches: number,
  timing: Timing,
  extraForwards: readonly number[] = [],
): number {
  const stages = timing.forwardSeconds.length;
  assertExtraForwards(stages, extraForwards);
  const { overheadSeconds: overhead } = timing;
  const forward = Float64Array.from(timing.forwardSeconds, (seconds) => seconds + overhead);
  const backward = Float64Array.from(
    timing.inputGradSeconds,
    (seconds, stage) => seconds + timing.weightGradSeconds[stage]! + overhead,
  );
  const ahead = Int32Array.from({ length: stages }, (_, stage) =>
    forwardsAhead(stage, { ranks: stages, microbatches }, extraForwards),
  );
  const { back, forth } = hops(timing, stages);
  const free = new Float64Array(stages);
  /** Arrival of each micro-batch's activation at, and gradient at, the stage that is being swept. */
  const gradients = new Float64Array(stages * microbatches);
  const rounds = microbatches + ahead[0]! + 1;
  for (let round = 0; round < rounds; round++) {
    for (let stage = stages - 1; stage >= 0; stage--) {
      const microbatch = round - 1 - ahead[stage]!;
      if (microbatch < 0 || microbatch >= microbatches) continue;
      let start = free[stage]!;
      if (stage < stages - 1) {
        const arrival = gradients[stage * microbatches + microbatch]!;
        if (arrival > start) start = arrival;
      }
      const end = start + backward[stage]!;
      free[stage] = end;
      if (stage > 0) gradients[(stage - 1) * microbatches + microbatch] = send(back, stage - 1, end);
    }
    if (round >= microbatches) continue;
    let arrival = 0;
    for (let stage = 0; stage < stages; stage++) {
      const start = arrival > free[stage]! ? arrival : free[stage]!;
      const end = start + forward[stage]!;
      free[stage] = end;
      if (stage < stages - 1) arrival = send(forth, stage, end);
    }
  }
  for (const { reduceSeconds, stage } of timing.gradientSyncs ?? []) free[stage]! += reduceSeconds;
  return free.reduce((latest, seconds) => Math.max(latest, seconds), 0);
}

interface Direction {
  readonly latencySeconds: Float64Array;
  readonly occupancySeconds: Float64Array;
  readonly freeSeconds: Float64Array;
}

/** Puts a message onto its link when it is free; returns when it arrives. */
function send({ freeSeconds, latencySeconds, occupancySeconds }: Direction, hop: number, at: number): number {
  const enter = freeSeconds[hop]! > at ? freeSeconds[hop]! : at;
  const leave = enter + occupancySeconds[hop]!;
  freeSeconds[hop] = leave;
  return leave + latencySeconds[hop]!;
}

function hops({ links }: Timing, stages: number): { readonly forth: Direction; readonly back: Direction } {
  const empty = (): Direction => ({
    latencySeconds: new Float64Array(stages),
    occupancySeconds: new Float64Array(stages),
    freeSeconds: new Float64Array(stages),
  });
  const [forth, back] = [empty(), empty()];
  for (const { fromRank, latencySeconds, occupancySeconds, toRank } of links) {
    if (Math.abs(fromRank - toRank) !== 1)
      throw new RangeError(`no link of the chain: from rank ${fromRank} to ${toRank}`);
    const direction = toRank > fromRank ? forth : back;
    const hop = Math.min(fromRank, toRank);
    direction.latencySeconds[hop] = latencySeconds;
    direction.occupancySeconds[hop] = occupancySeconds;
  }
  return { forth, back };
}
