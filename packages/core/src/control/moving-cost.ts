// What it costs to stop a running job and start it elsewhere, in seconds and in USD: the one form in which every trigger
// (replan.ts) weighs a gain.
//
//   seconds = stopping + checkpoint to where it is read + starting + steps done again
//   USD     = the old GPUs while they stop + the new ones until the job is where it was + egress of the checkpoint
//
// Stopping takes ten seconds, an assumption; starting as long as it took this epoch. Once a checkpoint was committed the step
// under way alone is lost: SIGTERM writes another. Before, all that was done counts as lost, since nobody knows that
// checkpoints can be written. A job that is really trained keeps its checkpoints in a folder that every region reaches, so
// nothing is sent. Of others, regions that are new to the job get their share of it over the best link from those that it
// leaves, all at a time. Left out: what the job's own traffic takes of that link; the file system behind the folder.

import type { Job } from "../cost/job.ts";
import { placementFootprint } from "../cost/money.ts";
import { type Fleet, topologyOf } from "../fleet/fleet.ts";
import { type Placement, placedGpus } from "../fleet/ledger.ts";
import { parameterCount } from "../model/shape.ts";
import { BITS_PER_BYTE, BYTES_PER_GB } from "../units.ts";
import { type JobState, stepsDone } from "./state.ts";

/** From SIGTERM until the last launch is over, its checkpoint written. */
const STOP_SECONDS = 10;
/** Per parameter: weights in fp32 and the two moments of Adam. */
const CHECKPOINT_BYTES_PER_PARAMETER = 12;
/** Per byte of gradients in fp32, where a model's parameters are not known. */
const CHECKPOINT_BYTES_PER_GRADIENT_BYTE = 3;

export interface MovingCost {
  readonly seconds: number;
  /** The part of them in which the old GPUs are held. */
  readonly stopSeconds: number;
  readonly transferSeconds: number;
  /** Of the checkpoint alone; electricity is a matter of prices (`movingUsd`). */
  readonly egressUsd: number;
}

/** @param stepSeconds of a step that is done again. @param to absent where the job stays in its regions. */
export function movingCost(known: JobState, fleet: Fleet, stepSeconds: number, to?: Placement): MovingCost {
  const { committedStep, epoch, job } = known;
  const { placedSeconds, placement, startedSeconds = placedSeconds } = epoch!;
  const { egressUsd, seconds: transferSeconds } = to
    ? checkpointTransfer(job, fleet, placement, to)
    : { egressUsd: 0, seconds: 0 };
  const lostSteps = 1 + (committedStep === undefined ? stepsDone(known) : 0);
  const startSeconds = startedSeconds - placedSeconds;
  return {
    seconds: STOP_SECONDS + transferSeconds + startSeconds + lostSteps * stepSeconds,
    stopSeconds: STOP_SECONDS,
    ...{ transferSeconds, egressUsd },
  };
}

/** Egress and what GPUs draw for nothing, at the prices of the time; never less than the egress. */
export function movingUsd(
  { egressUsd, seconds, stopSeconds }: MovingCost,
  fleet: Fleet,
  from: Placement,
  to: Placement,
  nowSeconds: number,
): number {
  const stopped = nowSeconds + stopSeconds;
  const usd =
    placementFootprint(fleet, from, nowSeconds, stopped).electricityUsd +
    placementFootprint(fleet, to, stopped, nowSeconds + seconds).electricityUsd;
  return egressUsd + Math.max(0, usd);
}

/** Of a whole job; 0 where nobody says how large its model is. */
export function checkpointBytes({ gradientBytes = 0, memory }: Job): number {
  return memory
    ? CHECKPOINT_BYTES_PER_PARAMETER * parameterCount(memory.shape)
    : CHECKPOINT_BYTES_PER_GRADIENT_BYTE * gradientBytes;
}

/** Seconds until the last region has its share, and USD for leaving the regions that it comes from. */
function checkpointTransfer(job: Job, fleet: Fleet, from: Placement, to: Placement) {
  const bytes = job.training ? 0 : checkpointBytes(job);
  const { bandwidthBitsPerSecond, egressUsdPerGb, regionCount } = topologyOf(fleet);
  let [seconds, egressUsd] = [0, 0];
  if (bytes === 0) return { seconds, egressUsd };
  const gpus = placedGpus(to);
  to.regions.forEach((region, i) => {
    if (from.regions.includes(region)) return;
    const share = (bytes * to.gpus[i]!) / gpus;
    const links = from.regions.map((other) => other * regionCount + region);
    const best = links.reduce((a, b) => (bandwidthBitsPerSecond[b]! > bandwidthBitsPerSecond[a]! ? b : a));
    // Infinite where there is no link: nobody knows how it would come there.
    seconds = Math.max(seconds, (share * BITS_PER_BYTE) / bandwidthBitsPerSecond[best]!);
    egressUsd += (share / BYTES_PER_GB) * egressUsdPerGb[best]!;
  });
  return { seconds, egressUsd };
}
