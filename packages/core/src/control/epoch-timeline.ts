// An optimizer step of an epoch as a picture needs it: when each block runs and when each message is on its link, by the
// schedule that the epoch's plan has. Once as it was predicted, and once with the blocks and links as they were measured.
import { stageReductionSeconds } from "../cost/gradient-reduction.ts";
import type { TimeModel } from "../cost/iteration-time.ts";
import { pipelineOf } from "../cost/schedule.ts";
import { stageRegions } from "../cost/stages.ts";
import { placementInUnits, unitView } from "../cost/unit.ts";
import type { Fleet } from "../fleet/fleet.ts";
import {
  actionOf,
  type CompiledSchedule,
  type ComputeKind,
  compileSchedule,
  type Hop,
  type Pipeline,
  type Schedule,
  type TimedSchedule,
  timeSchedule,
  timingOf,
} from "../pipeline/index.ts";
import { chosenSchedule } from "./build-plan.ts";
import { slowedJob } from "./estimated.ts";
import { type DirectionMeasured, type Measured, rateOf } from "./measured.ts";
import { type JobState, plannedPlacement } from "./state.ts";

export interface TimelineBlock {
  readonly stage: number;
  readonly kind: ComputeKind;
  readonly microbatch: number;
  /** Seconds from the start of the step. */
  readonly startSeconds: number;
  readonly endSeconds: number;
}

export interface TimelineMessage {
  readonly fromStage: number;
  readonly toStage: number;
  readonly microbatch: number;
  /** It is on the link from start to end, and arrives a latency later. */
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly arrivalSeconds: number;
}

export interface StepTimeline {
  readonly makespanSeconds: number;
  readonly blocks: readonly TimelineBlock[];
  /** Between regions; inside one they take no time. */
  readonly messages: readonly TimelineMessage[];
}

/** The schedule of an epoch, ready to be timed. */
export interface EpochSchedule {
  readonly schedule: Schedule;
  /** By stage, an index into the fleet's regions. */
  readonly regionOfStage: readonly number[];
  readonly predicted: StepTimeline;
  /** The step with what was measured; undefined where nothing was. */
  measured(measured: Measured | undefined): StepTimeline | undefined;
}

/** Blocks of a step of one replica if no backward is in two parts: what tells how long it takes to time it. */
export function blocksOfStep({ job, epoch }: JobState, fleet: Fleet): number {
  const { job: unit, unitGpus } = unitView(job, fleet);
  const stages = stageRegions(placementInUnits(epoch!.placement, unitGpus).gpus).length;
  return 2 * stages * unit.microbatches;
}

/** @param fleet that the regions of the job's epoch are of. */
export function epochSchedule(known: JobState, fleet: Fleet, timeModel: TimeModel): EpochSchedule {
  const epoch = known.epoch!;
  const view = unitView(slowedJob(known.job, epoch.blockRatio ?? 1), fleet);
  const units = placementInUnits(plannedPlacement(epoch), view.unitGpus);
  const schedule = chosenSchedule(known.job, epoch, fleet, timeModel);
  const compiled = compileSchedule(schedule);
  const reductions = stageReductionSeconds(known.job, view, units);
  const pipelineAt = (hopBitsPerSecond: readonly number[]): Pipeline =>
    pipelineOf(view.job, view.fleet, { ...units, hopBitsPerSecond }, reductions);
  const predicted = pipelineAt(units.hopBitsPerSecond);
  const positions = stageRegions(units.gpus);
  /** The stage before each hop between regions. */
  const stageOfHop = positions.flatMap((position, stage) =>
    stage + 1 < positions.length && positions[stage + 1] !== position ? [stage] : [],
  );
  const timed = (pipeline: Pipeline) =>
    timelineOf(timeSchedule(compiled, timingOf(pipeline, schedule)), compiled);
  return {
    schedule,
    regionOfStage: positions.map((position) => units.regions[position]!),
    predicted: timed(predicted),
    measured(seen) {
      if (!seen || (seen.stages.length === 0 && seen.hops.every((hop) => !hop.back && !hop.forth)))
        return undefined;
      const ratesOf = (direction: "forth" | "back") =>
        units.hopBitsPerSecond.map((planned, hop) => {
          const of = seen.hops[hop]?.[direction];
          return of ? rateOf(of) : planned;
        });
      const hopsOf = (hops: readonly Hop[], direction: "forth" | "back") =>
        hops.map((hop, stage) => withLatency(hop, seen.hops[stageOfHop.indexOf(stage)]?.[direction]));
      const [forth, back] = [pipelineAt(ratesOf("forth")), pipelineAt(ratesOf("back"))];
      return timed({
        ...withStages(predicted, seen),
        hops: hopsOf(forth.hops, "forth"),
        backHops: hopsOf(back.backHops ?? back.hops, "back"),
      });
    },
  };
}

/** Blocks as long as they were measured; a backward in two parts in the proportion that was predicted. */
function withStages(pipeline: Pipeline, { stages }: Measured): Pipeline {
  const [forward, input, weight] = [
    [...pipeline.forwardSeconds],
    [...pipeline.inputGradSeconds],
    [...pipeline.weightGradSeconds],
  ];
  for (const { backwardSeconds, forwardSeconds, stage } of stages) {
    const both = input[stage]! + weight[stage]!;
    const share = both > 0 ? input[stage]! / both : 0.5;
    forward[stage] = forwardSeconds;
    input[stage] = backwardSeconds * share;
    weight[stage] = backwardSeconds * (1 - share);
  }
  return { ...pipeline, forwardSeconds: forward, inputGradSeconds: input, weightGradSeconds: weight };
}

function withLatency(hop: Hop, seen: DirectionMeasured | undefined): Hop {
  const roundTrip = seen?.roundTripSeconds ?? null;
  return roundTrip === null ? hop : { ...hop, latencySeconds: roundTrip / 2 };
}

function timelineOf(timed: TimedSchedule, compiled: CompiledSchedule): StepTimeline {
  const { messageArrivalSeconds, messageEndSeconds, messageStartSeconds } = timed;
  const blocks = Array.from(compiled.rankOfAction, (_, id): TimelineBlock => {
    const { kind, microbatch, stage } = actionOf(compiled, id);
    const [startSeconds, endSeconds] = [timed.startSeconds[id]!, timed.endSeconds[id]!];
    return { stage, kind: kind as ComputeKind, microbatch, startSeconds, endSeconds };
  });
  const messages = Array.from(compiled.receiverOfMessage).flatMap((receiver, message): TimelineMessage[] => {
    const startSeconds = messageStartSeconds[message]!;
    const arrivalSeconds = messageArrivalSeconds[message]!;
    if (arrivalSeconds === startSeconds) return [];
    const { stage: fromStage } = actionOf(compiled, compiled.senderOfMessage[message]!);
    const { microbatch, stage: toStage } = actionOf(compiled, receiver);
    const endSeconds = messageEndSeconds[message]!;
    return [{ fromStage, toStage, microbatch, startSeconds, endSeconds, arrivalSeconds }];
  });
  return { makespanSeconds: timed.makespanSeconds, blocks, messages };
}
