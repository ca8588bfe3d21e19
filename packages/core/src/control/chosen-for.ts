// The figures for which a placement and its schedule were chosen, and how far links may leave them before something else
// would do better. With T(b) an iteration by the chosen schedule where one hop has the rate b, the others theirs:
//   T(b) ≤ 1.2 · T(reserved)      any time model: what the placement was chosen for still holds
//   T(b) ≤ 1.03 · best(b)         time model `auto`: no other schedule of this placement is worth much more
// The bounds are looked for outwards from the reserved rate, by doubling and then halving in the logarithm: at most ten
// schedules for each, so only for jobs that are really trained. Left out: intervals of latency; two links at once.
import { stageReductionSeconds } from "../cost/gradient-reduction.ts";
import { iterationSeconds, type TimeModel } from "../cost/iteration-time.ts";
import type { Job } from "../cost/job.ts";
import { bestSchedule, bestSeconds, pipelineOf } from "../cost/schedule.ts";
import { stageTimes } from "../cost/stage-times.ts";
import { placementInUnits, unitView } from "../cost/unit.ts";
import type { Fleet } from "../fleet/fleet.ts";
import type { Placement } from "../fleet/ledger.ts";
import { compileSchedule, timeSchedule, timingOf } from "../pipeline/index.ts";

export interface ChosenFor {
  /** One per hop of the placement. */
  readonly hops: readonly RateInterval[];
  /** One per stage; overheads left out. */
  readonly stages: readonly { readonly forwardSeconds: number; readonly backwardSeconds: number }[];
}

/** Rates of a hop at which the schedule is still right, both ends included. */
export interface RateInterval {
  /** 0: however slow. */
  readonly lowBitsPerSecond: number;
  /** null: however fast. */
  readonly highBitsPerSecond: number | null;
}

/** Growth of an iteration, by 20 %, that a placement may suffer from one link. */
export const GROWTH_TOLERANCE = 0.2;
/** Share of an iteration, 3 %, that another schedule would have to save. */
export const SCHEDULE_TOLERANCE = 0.03;

const MOST_DOUBLINGS_DOWN = 6;
const MOST_DOUBLINGS_UP = 4;
const HALVINGS = 4;

/** @param placement with hops that all have bandwidth. */
export function chosenFor(job: Job, fleet: Fleet, placement: Placement, timeModel: TimeModel): ChosenFor {
  const { backward, forward } = stageTimes(job, fleet, placement);
  return {
    hops: placement.hopBitsPerSecond.map((_, hop) => intervalOf(job, fleet, placement, timeModel, hop)),
    stages: forward.map((forwardSeconds, stage) => ({ forwardSeconds, backwardSeconds: backward[stage]! })),
  };
}

export function isWithin({ highBitsPerSecond, lowBitsPerSecond }: RateInterval, bitsPerSecond: number) {
  return (
    bitsPerSecond >= lowBitsPerSecond && bitsPerSecond <= (highBitsPerSecond ?? Number.POSITIVE_INFINITY)
  );
}

/**
 * Seconds of an iteration by the schedule that is chosen for a placement, where its hops have other rates.
 * @param timed the job with the stage times that it is timed with, where they are not those it was chosen with.
 */
export function secondsAsChosen(
  job: Job,
  fleet: Fleet,
  placement: Placement,
  timeModel: TimeModel,
  timed = job,
): (hopBitsPerSecond: readonly number[]) => number {
  if (timeModel !== "auto")
    return (hopBitsPerSecond) =>
      iterationSeconds(timed, fleet, { ...placement, hopBitsPerSecond }, timeModel);
  const [chosen, view] = [unitView(job, fleet), unitView(timed, fleet)];
  const units = placementInUnits(placement, view.unitGpus);
  const schedule = bestSchedule(chosen.job, chosen.fleet, units);
  const compiled = compileSchedule(schedule);
  const reductions = stageReductionSeconds(timed, view, units);
  return (hopBitsPerSecond) => {
    const pipeline = pipelineOf(view.job, view.fleet, { ...units, hopBitsPerSecond }, reductions);
    return timeSchedule(compiled, timingOf(pipeline, schedule)).makespanSeconds;
  };
}

function intervalOf(
  job: Job,
  fleet: Fleet,
  placement: Placement,
  timeModel: TimeModel,
  hop: number,
): RateInterval {
  const reserved = placement.hopBitsPerSecond[hop]!;
  const asChosen = secondsAsChosen(job, fleet, placement, timeModel);
  const most = (1 + GROWTH_TOLERANCE) * asChosen(placement.hopBitsPerSecond);
  const view = unitView(job, fleet);
  const units = placementInUnits(placement, view.unitGpus);
  const reductions = timeModel === "auto" ? stageReductionSeconds(job, view, units) : [];
  const isRight = (bitsPerSecond: number): boolean => {
    const hopBitsPerSecond = placement.hopBitsPerSecond.with(hop, bitsPerSecond);
    const seconds = asChosen(hopBitsPerSecond);
    if (seconds > most) return false;
    if (timeModel !== "auto") return true;
    const best = bestSeconds(view.job, view.fleet, { ...units, hopBitsPerSecond }, reductions);
    return seconds <= (1 + SCHEDULE_TOLERANCE) * best;
  };
  const low = lastRight(isRight, reserved, 0.5, MOST_DOUBLINGS_DOWN);
  // By the formulas and 1F1B no other schedule is compared, and a faster link never takes longer.
  const high = timeModel === "auto" ? lastRight(isRight, reserved, 2, MOST_DOUBLINGS_UP) : undefined;
  return {
    lowBitsPerSecond: low === undefined ? 0 : Math.floor(low),
    highBitsPerSecond: high === undefined ? null : Math.ceil(high),
  };
}

/** Going from `start` by `factor`: about the last rate that is right before the first that is not; undefined if all are. */
function lastRight(
  isRight: (bitsPerSecond: number) => boolean,
  start: number,
  factor: number,
  most: number,
): number | undefined {
  let right = start;
  let wrong: number | undefined;
  for (let i = 0; i < most && wrong === undefined; i++) {
    const next = right * factor;
    if (isRight(next)) right = next;
    else wrong = next;
  }
  if (wrong === undefined) return undefined;
  for (let i = 0; i < HALVINGS; i++) {
    const middle = Math.sqrt(right * wrong);
    if (isRight(middle)) right = middle;
    else wrong = middle;
  }
  return right;
}
