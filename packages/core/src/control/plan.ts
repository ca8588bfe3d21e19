// The plan of one epoch: everything that the worker needs to train, and nothing that it would have to decide.
// Every region's launch gets the same plan; the worker picks its ranks out of it. Schema: spec/plan.ts.
// Links between regions and the speed of emulated GPU types are emulated by the worker, at the rate that the job has
// reserved on the link and the link's delay, and at the type's speed.
import type { TimeModel } from "../cost/iteration-time.ts";
import type { Training } from "../cost/job.ts";
import { bestSchedule, warmupSchedule } from "../cost/schedule.ts";
import { type StageTimes, stageLinks, stageTimes } from "../cost/stage-times.ts";
import { placementExtraForwards, type StageLayers, stageLayers, stageRegions } from "../cost/stages.ts";
import { type Fleet, topologyOf } from "../fleet/fleet.ts";
import type { Placement } from "../fleet/ledger.ts";
import {
  type Action,
  compileSchedule,
  lowerSchedule,
  type Schedule,
  timeSchedule,
} from "../pipeline/index.ts";
import type { JobState } from "./state.ts";

export const PLAN_VERSION = 1;

export interface Plan {
  readonly version: typeof PLAN_VERSION;
  readonly jobId: string;
  readonly epoch: number;
  /** Secret of the launch: shown at rendezvous and with every report. */
  readonly launchKey: string;
  readonly model: {
    readonly vocabularySize: number;
    readonly hiddenSize: number;
    readonly layers: number;
    readonly attentionHeads: number;
    readonly keyValueHeads: number;
    readonly feedForwardSize: number;
    readonly sequenceLength: number;
    readonly tiedEmbeddings: boolean;
  };
  readonly training: {
    readonly steps: number;
    readonly microbatches: number;
    readonly microbatchSize: number;
    readonly seed: number;
    readonly learningRate: number;
    readonly weightDecay: number;
    readonly dtype: "float32";
    readonly data: {
      readonly kind: "text";
      readonly paths: readonly string[];
      readonly suffixes: readonly string[];
    };
  };
  readonly stages: readonly (StageLayers & {
    readonly index: number;
    readonly region: string;
    readonly embedding: boolean;
    readonly head: boolean;
  })[];
  /** Name of the schedule, for people: what ranks do is in their actions. */
  readonly schedule: string;
  readonly ranks: readonly {
    readonly rank: number;
    readonly stages: readonly number[];
    readonly region: string;
    /** Of one step, sends and receives included. */
    readonly actions: readonly Action[];
  }[];
  /** By rank, activations held at once at most: F holds one, B gives it back, I and W half of it each. */
  readonly activationCaps?: readonly number[];
  /** One entry per direction between two ranks that have neighbouring stages. */
  readonly links: readonly {
    readonly fromRank: number;
    readonly toRank: number;
    readonly emulated: { readonly bandwidthBitsPerSecond: number; readonly latencySeconds: number } | null;
  }[];
  readonly emulatedCompute: {
    readonly stages: readonly {
      readonly forwardSeconds: number;
      readonly backwardSeconds: number;
      /** Of I and W, both or neither; each half of a whole backward where absent. */
      readonly inputGradSeconds?: number;
      readonly weightGradSeconds?: number;
    }[];
  } | null;
  readonly control: { readonly url: string; readonly rendezvousDeadlineSeconds: number };
}

export interface PlanOptions {
  /** Where ranks check in and report. */
  readonly controlUrl: string;
  readonly rendezvousDeadlineSeconds: number;
  /** By which the placement was timed: with `auto` the plan has the best schedule, otherwise 1F1B. */
  readonly timeModel: TimeModel;
}

/** The plan of a job's live epoch. Throws if the job has none, or nothing to train. */
export function buildPlan({ job, epoch }: JobState, fleet: Fleet, options: PlanOptions): Plan {
  if (!epoch || !job.training) throw new Error(`${job.id} has no ${epoch ? "training section" : "epoch"}`);
  const { placement } = epoch;
  const positions = stageRegions(placement.gpus);
  const regions = positions.map((position) => fleet.regions[placement.regions[position]!]!);
  const extraForwards = placementExtraForwards(placement);
  const layers = stageLayers(job, positions.length, fleet, extraForwards)!;
  const times = stageTimes(job, fleet, placement);
  const schedule =
    options.timeModel === "auto" ? bestSchedule(job, fleet, placement) : warmupSchedule(job, placement);
  const emulated = regions.some(({ gpuType }) => gpuType.emulated);
  return {
    version: PLAN_VERSION,
    jobId: job.id,
    epoch: epoch.number,
    launchKey: epoch.launchKey,
    model: modelOf(job.training),
    training: trainingOf(job.training, job.iterations, job.microbatches),
    stages: layers.map((range, index) => ({
      ...range,
      index,
      region: regions[index]!.name,
      embedding: index === 0,
      head: index === layers.length - 1,
    })),
    schedule: schedule.generator,
    ranks: rankActions(schedule, times, stageLinks(job, fleet, placement)).map((actions, rank) => ({
      rank,
      stages: [rank],
      region: regions[rank]!.name,
      actions,
    })),
    links: linksOf(fleet, placement, positions),
    emulatedCompute: emulated
      ? {
          stages: times.forward.map((forwardSeconds, i) => ({
            forwardSeconds,
            backwardSeconds: times.backward[i]!,
          })),
        }
      : null,
    control: { url: options.controlUrl, rendezvousDeadlineSeconds: options.rendezvousDeadlineSeconds },
  };
}

function modelOf({ model, sequenceLength }: Training): Plan["model"] {
  const {
    vocabularySize,
    hiddenSize,
    layers,
    attentionHeads,
    keyValueHeads,
    feedForwardSize,
    tiedEmbeddings,
  } = model;
  return {
    vocabularySize,
    hiddenSize,
    layers,
    attentionHeads,
    keyValueHeads,
    feedForwardSize,
    sequenceLength,
    tiedEmbeddings,
  };
}

function trainingOf(training: Training, steps: number, microbatches: number): Plan["training"] {
  const { microbatchSize, seed, learningRate, weightDecay, data } = training;
  const { paths, suffixes } = data;
  return {
    steps,
    microbatches,
    microbatchSize,
    seed,
    learningRate,
    weightDecay,
    dtype: "float32",
    data: { kind: "text", paths, suffixes },
  };
}

/** The schedule lowered for a transport that pushes: per rank the actions of one step. */
function rankActions(
  schedule: Schedule,
  { backward, forward }: StageTimes,
  links: ReturnType<typeof stageLinks>,
): readonly (readonly Action[])[] {
  const timed = timeSchedule(compileSchedule(schedule), {
    forwardSeconds: forward,
    inputGradSeconds: backward,
    weightGradSeconds: backward.map(() => 0),
    overheadSeconds: 0,
    links,
  });
  return lowerSchedule(timed, "push").ranks;
}

function linksOf(fleet: Fleet, placement: Placement, positions: readonly number[]): Plan["links"] {
  const { latencySeconds, regionCount } = topologyOf(fleet);
  return positions.slice(1).flatMap((position, rank) => {
    const hop = positions[rank]!;
    const [a, b] = [placement.regions[hop]!, placement.regions[position]!];
    const emulated = (from: number, to: number) =>
      from === to
        ? null
        : {
            bandwidthBitsPerSecond: placement.hopBitsPerSecond[hop]!,
            latencySeconds: latencySeconds[from * regionCount + to]!,
          };
    return [
      { fromRank: rank, toRank: rank + 1, emulated: emulated(a, b) },
      { fromRank: rank + 1, toRank: rank, emulated: emulated(b, a) },
    ];
  });
}
