// How far predictions were off, by epoch: a step as it was predicted when the epoch was placed, as it would have been with
// what was then measured of its blocks and links, and as it was. An epoch that is over leaves one short record.
//
//   error = predicted / measured − 1
//
// Here every measurement counts; where something is decided by them, three are asked for, and a short epoch has fewer.
// What is left of it with the measured figures is the model's own: overheads, the schedule's timing, what nobody measures.
// From the second epoch on, placing knows what the epochs before it have measured, and the first error shrinks by itself.
import type { TimeModel } from "../cost/iteration-time.ts";
import type { Job } from "../cost/job.ts";
import type { Fleet } from "../fleet/fleet.ts";
import type { Placement } from "../fleet/ledger.ts";
import { secondsAsChosen } from "./chosen-for.ts";
import { slowedJob } from "./estimated.ts";
import { blockRatioOf, rateOf, slowerDirection } from "./measured.ts";
import { type Epoch, type JobState, plannedPlacement } from "./state.ts";

export interface EpochRecord {
  readonly epoch: number;
  /** Which fleet its regions are of. */
  readonly placedSeq: number;
  readonly placement: Placement;
  readonly predictedStepSeconds: number;
  /** Mean of its steps but the first, and how many those are. */
  readonly measuredStepSeconds: number;
  readonly steps: number;
  /** How much longer than by the job's own figures its blocks were thought to take; 1 where absent. */
  readonly blockRatio?: number;
  /** How much longer than that they took; absent where it was not measured. */
  readonly measuredRatio?: number;
  /** By hop what the slower direction carried, null where it was not measured; absent where that is all of them. */
  readonly carriedBitsPerSecond?: readonly (number | null)[];
}

/** Of a job that fails again and again the first and the last ones are kept. */
const MOST_RECORDS = 10;

/** Those of a job's epochs that are over, after another one. */
export function recordsAfter(known: JobState): { readonly records?: readonly EpochRecord[] } {
  const { records = [] } = known;
  const last = recordOf(known);
  const all = last ? [...records, last] : records;
  if (all.length === 0) return {};
  return { records: all.length > MOST_RECORDS ? [all[0]!, ...all.slice(1 - MOST_RECORDS)] : all };
}

/** Of the live epoch; undefined before its second step. */
export function recordOf({ epoch, progress }: JobState): EpochRecord | undefined {
  if (!epoch || !progress || progress.stepCount === 0) return undefined;
  const { blockRatio, measured, number, placedSeq, predictedIterationSeconds } = epoch;
  const measuredRatio = measured && blockRatioOf(measured, 1);
  const carried = carriedOf(epoch);
  return {
    ...{ epoch: number, placedSeq, placement: plannedPlacement(epoch) },
    predictedStepSeconds: predictedIterationSeconds,
    measuredStepSeconds: progress.stepSecondsSum / progress.stepCount,
    steps: progress.stepCount,
    ...(blockRatio === undefined ? {} : { blockRatio }),
    ...(measuredRatio === undefined ? {} : { measuredRatio }),
    ...(carried.every((rate) => rate === null) ? {} : { carriedBitsPerSecond: carried }),
  };
}

function carriedOf({ measured, placement }: Epoch): readonly (number | null)[] {
  return placement.hopBitsPerSecond.map((_, hop) => {
    const known = measured?.hops[hop];
    const seen = known?.[slowerDirection(known) ?? "forth"];
    return seen ? Math.max(1, Math.round(rateOf(seen))) : null;
  });
}

const calibrated = new WeakMap<EpochRecord, number>();

/**
 * Seconds of a step by the epoch's own schedule, with blocks and links as they were measured; undefined where nothing was.
 * @param fleet that the record's regions are of.
 */
export function calibratedSeconds(
  job: Job,
  record: EpochRecord,
  fleet: Fleet,
  timeModel: TimeModel,
): number | undefined {
  const { blockRatio = 1, carriedBitsPerSecond: carried, measuredRatio, placement } = record;
  if (measuredRatio === undefined && !carried) return undefined;
  const known = calibrated.get(record);
  if (known !== undefined) return known;
  const [chosen, timed] = [slowedJob(job, blockRatio), slowedJob(job, blockRatio * (measuredRatio ?? 1))];
  const rates = placement.hopBitsPerSecond.map((planned, hop) => carried?.[hop] ?? planned);
  const seconds = secondsAsChosen(chosen, fleet, placement, timeModel, timed)(rates);
  calibrated.set(record, seconds);
  return seconds;
}
