// A closed form that no 1F1B schedule with given extra forwards is shorter than: what lets tuning leave vectors of them
// untimed. With F, B of each stage (overheads included), hops of α + β each way, and K = p − s + ΔN micro-batches that
// stage s begins before it must end the first of them, for every stage s the longer of
//   work        Σ before s (F + hop)  +  m·(F + B)  +  Σ before s (B + hop)
//   round trip  Σ before s (F + hop)  +  r·F + (q+1)·R  +  Σ before s (B + hop),   m − 1 = q·K + r,
// where R = Σ from s on of F, B and both ways of every hop: forward i of a stage waits for its backward i − K.
import type { Timing } from "../../pipeline/index.ts";

/** Seconds; a chain's links only, each at most once. Queues on links are left out. */
export function leastOneFOneBSeconds(
  microbatches: number,
  timing: Timing,
  extraForwards: readonly number[],
): number {
  const { forwardSeconds, inputGradSeconds, links, overheadSeconds, weightGradSeconds } = timing;
  const stages = forwardSeconds.length;
  const forward = forwardSeconds.map((seconds) => seconds + overheadSeconds);
  const backward = inputGradSeconds.map(
    (seconds, stage) => seconds + weightGradSeconds[stage]! + overheadSeconds,
  );
  const bothWays = forward.map(() => 0);
  for (const { fromRank, latencySeconds, occupancySeconds, toRank } of links)
    bothWays[Math.min(fromRank, toRank)]! += latencySeconds + occupancySeconds;
  const from = (stage: number, seconds: (stage: number) => number) => {
    let sum = 0;
    for (let later = stage; later < stages; later++) sum += seconds(later);
    return sum;
  };
  const whole = from(0, (stage) => forward[stage]! + backward[stage]! + bothWays[stage]!);
  return forward.reduce((longest, seconds, stage) => {
    const roundTrip = from(stage, (later) => forward[later]! + backward[later]! + bothWays[later]!);
    const work = microbatches * (seconds + backward[stage]!);
    const held = Math.min(microbatches, stages - 1 - stage + (extraForwards[stage] ?? 0)) + 1;
    const rounds = Math.floor((microbatches - 1) / held);
    const waits = ((microbatches - 1) % held) * seconds + (rounds + 1) * roundTrip;
    return Math.max(longest, whole - roundTrip + Math.max(work, waits));
  }, 0);
}
