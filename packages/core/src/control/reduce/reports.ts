// What ranks say while they run: steps that are done, checkpoints, and what they measured.
import { blockRatioOf, linkEstimates, linkKey, soundMeasurement, withMeasurement } from "../measured.ts";
import type { JobState, Progress } from "../state.ts";
import type { MutableState, Of } from "./mutable.ts";

/** The job after a step of its live epoch. */
export function progress(current: JobState, event: Of<"progress">): JobState {
  const firstLoss = current.firstLoss ?? event.loss ?? undefined;
  const next = progressed(current.progress, event, firstLoss ?? null);
  return { ...current, progress: next, ...(firstLoss === undefined ? {} : { firstLoss }) };
}

export function commit(current: JobState, { step }: Of<"checkpoint-committed">): JobState {
  const { committedStep = 0, job } = current;
  const isNews = Number.isInteger(step) && step > committedStep && step <= job.iterations;
  return isNews ? { ...current, committedStep: step } : current;
}

export function measure(state: MutableState, current: JobState, event: Of<"measured">): JobState {
  const sound = soundMeasurement(current.epoch!, event);
  const epoch = withMeasurement(current.epoch!, sound, state.nowSeconds);
  for (const link of linkEstimates(current.job.id, epoch, sound, state.links, state.ledger!))
    state.links.set(linkKey(link.from, link.to), link);
  const ratio = blockRatioOf(epoch.measured!);
  if (ratio === undefined) return { ...current, epoch };
  // Against the job's own figures: what the epoch was predicted with was corrected already.
  return { ...current, epoch, blockRatio: rounded(ratio * (epoch.blockRatio ?? 1)) };
}

/** To 5 %: jobs are not told apart by less. */
function rounded(ratio: number): number {
  return Math.max(1, Math.round(ratio * 20)) / 20;
}

/** @param firstLoss of the job, whatever the epoch. */
function progressed(known: Progress | undefined, event: Of<"progress">, firstLoss: number | null): Progress {
  if (!known) {
    const { step, loss, stepSeconds } = event;
    return {
      step,
      firstLoss,
      lastLoss: loss,
      stepSecondsSum: 0,
      stepCount: 0,
      lastStepSeconds: stepSeconds,
    };
  }
  if (event.step <= known.step) return known;
  return {
    step: event.step,
    firstLoss,
    lastLoss: event.loss ?? known.lastLoss,
    stepSecondsSum: known.stepSecondsSum + event.stepSeconds,
    stepCount: known.stepCount + 1,
    lastStepSeconds: event.stepSeconds,
  };
}
