// From a job's epoch to its plan. Ranks are numbered replica by replica, each in the order of the stages.
// Links between regions and the speed of emulated GPU types are emulated by the worker, at the rate that the job has
// reserved on the link and the link's delay, and at the type's speed; unless the fleet's network is real.
import type { TimeModel } from "../cost/iteration-time.ts";
import type { Job, Training } from "../cost/job.ts";
import { bestSchedule, warmupSchedule } from "../cost/schedule.ts";
import { type StageTimes, stageLinks, stageTimes } from "../cost/stage-times.ts";
import { placementExtraForwards, stageLayers, stageRegions } from "../cost/stages.ts";
import { placementInUnits, unitView } from "../cost/unit.ts";
import type { Fleet } from "../fleet/fleet.ts";
import {
  compileSchedule,
  lowerSchedule,
  type Schedule,
  scheduleStats,
  timeSchedule,
} from "../pipeline/index.ts";
import { slowedJob } from "./estimated.ts";
import { PLAN_VERSION, type Plan } from "./plan.ts";
import { planLinks } from "./plan-links.ts";
import { type Epoch, type JobState, plannedPlacement } from "./state.ts";

/** Small enough that a stage's first buckets leave while its last gradients are computed. */
const GRADIENT_BUCKET_BYTES = 4 * 2 ** 20;

export interface PlanOptions {
  /** Where ranks check in and report. */
  readonly controlUrl: string;
  readonly rendezvousDeadlineSeconds: number;
  /** By which the placement was timed: with `auto` the plan has the best schedule, otherwise 1F1B. */
  readonly timeModel: TimeModel;
  /** Folder for the checkpoints of jobs that name none, each in a folder of its own; without it they keep none. */
  readonly checkpointsFolder?: string;
  /** The certificate of a launch whose connections are encrypted: of the launch key, always the same for the same key. */
  readonly certificateOf?: (launchKey: string) => NonNullable<Plan["tls"]>;
}

/** The plan of a job's live epoch. Throws if the job has none, or nothing to train. */
export function buildPlan({ job: asked, epoch }: JobState, askedFleet: Fleet, options: PlanOptions): Plan {
  if (!epoch || !asked.training)
    throw new Error(`${asked.id} has no ${epoch ? "training section" : "epoch"}`);
  const { training } = asked;
  const { fleet, job, unitGpus } = unitView(asked, askedFleet);
  const placement = placementInUnits(plannedPlacement(epoch), unitGpus);
  const positions = stageRegions(placement.gpus);
  const regions = positions.map((position) => fleet.regions[placement.regions[position]!]!);
  const layers = stageLayers(job, positions.length, fleet, placementExtraForwards(placement))!;
  const times = stageTimes(job, fleet, placement);
  const schedule = chosenSchedule(asked, epoch, askedFleet, options.timeModel);
  const { actions, peakActivations } = carriedOut(schedule, times, stageLinks(job, fleet, placement));
  const replicas = Array.from({ length: asked.dataParallel ?? 1 }, (_, replica) => replica);
  return {
    version: PLAN_VERSION,
    jobId: job.id,
    epoch: epoch.number,
    launchKey: epoch.launchKey,
    model: modelOf(training),
    training: trainingOf(training, job, regions),
    stages: layers.map((range, index) => ({
      ...range,
      index,
      region: regions[index]!.name,
      embedding: index === 0,
      head: index === layers.length - 1,
      recompute: job.memory?.options.recomputation === "full",
    })),
    schedule: schedule.generator,
    replicas: replicas.length,
    gradientBucketBytes: GRADIENT_BUCKET_BYTES,
    ranks: replicas.flatMap((replica) =>
      actions.map((ofRank, stage) => ({
        rank: replica * actions.length + stage,
        replica,
        stages: [stage],
        region: regions[stage]!.name,
        actions: ofRank,
      })),
    ),
    activationCaps: replicas.flatMap(() => peakActivations),
    links: planLinks(asked, fleet, placement),
    emulatedCompute: regions.some(({ gpuType }) => gpuType.emulated)
      ? {
          stages: times.forward.map((forwardSeconds, i) => ({
            forwardSeconds,
            backwardSeconds: times.backward[i]!,
            inputGradSeconds: times.inputGrad[i]!,
            weightGradSeconds: times.weightGrad[i]!,
          })),
        }
      : null,
    checkpoint: checkpointOf(asked.id, training, options),
    tls: tlsOf(training, epoch.launchKey, options),
    control: { url: options.controlUrl, rendezvousDeadlineSeconds: options.rendezvousDeadlineSeconds },
  };
}

/** The schedule of an epoch: with `auto` the best for blocks as they were measured before it. */
export function chosenSchedule(asked: Job, epoch: Epoch, askedFleet: Fleet, timeModel: TimeModel): Schedule {
  const { fleet, job, unitGpus } = unitView(asked, askedFleet);
  const placement = placementInUnits(plannedPlacement(epoch), unitGpus);
  return timeModel === "auto"
    ? bestSchedule(slowedJob(job, epoch.blockRatio ?? 1), fleet, placement)
    : warmupSchedule(job, placement);
}

function modelOf({ model, sequenceLength }: Training): Plan["model"] {
  const { attentionHeads, feedForwardSize, hiddenSize, keyValueHeads, layers } = model;
  const { tiedEmbeddings, vocabularySize } = model;
  return {
    ...{ vocabularySize, hiddenSize, layers, attentionHeads, keyValueHeads, feedForwardSize },
    ...{ sequenceLength, tiedEmbeddings },
  };
}

function trainingOf(training: Training, job: Job, regions: Fleet["regions"]): Plan["training"] {
  const { data, dtype, gradientClipNorm = null, learningRate, microbatchSize, seed, weightDecay } = training;
  const onCpu = regions.some(({ gpuType }) => gpuType.emulated);
  return {
    ...{ steps: job.iterations, microbatches: job.microbatches, microbatchSize, seed, learningRate },
    ...{ weightDecay, gradientClipNorm, dtype, device: onCpu ? "cpu" : "cuda", data },
  };
}

/** The schedule lowered for a transport that pushes: per rank the actions of one step, and what it holds at most. */
function carriedOut(
  schedule: Schedule,
  { backward, forward }: StageTimes,
  links: ReturnType<typeof stageLinks>,
) {
  const timed = timeSchedule(compileSchedule(schedule), {
    forwardSeconds: forward,
    inputGradSeconds: backward,
    weightGradSeconds: backward.map(() => 0),
    overheadSeconds: 0,
    links,
  });
  const { peakActivationsOfRank } = scheduleStats(timed);
  return { actions: lowerSchedule(timed, "push").ranks, peakActivations: peakActivationsOfRank };
}

function checkpointOf(
  jobId: string,
  { checkpoint }: Training,
  { checkpointsFolder }: PlanOptions,
): Plan["checkpoint"] {
  const { everySteps, graceSeconds, keep } = checkpoint;
  const own = checkpointsFolder === undefined ? undefined : `${checkpointsFolder}/${jobId}`;
  const location = checkpoint.location ?? own;
  return location === undefined ? null : { location, everySteps, keep, graceSeconds };
}

function tlsOf({ encrypted }: Training, launchKey: string, { certificateOf }: PlanOptions): Plan["tls"] {
  if (!encrypted) return null;
  if (!certificateOf)
    throw new Error("nobody makes certificates here, and the job's connections are to be encrypted");
  return certificateOf(launchKey);
}
