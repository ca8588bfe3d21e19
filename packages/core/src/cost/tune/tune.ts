// Which micro-batch size, sequence length and extra warm-up forwards train fastest on a placement (GeoPipe, arXiv
// 2510.12064, section on automatic search; there by a genetic algorithm: the grid is small, so all of it is looked at).
// The objective is seconds per token. All points have the tokens per iteration that the job has, so it is the iteration's
// time, gradients' reduction included, optimizer step not. Memory is the cost model's, per stage, with the reserve that
// placements have; the layers' split follows from it anew at each point and vector.
// Leaves out: other degrees of tensor, pipeline and data parallelism, recomputation, other schedules than 1F1B.
import { type Fleet, smallestMemoryBytes } from "../../fleet/fleet.ts";
import type { Placement } from "../../fleet/ledger.ts";
import { inFlight1F1B, stageMemoryBytes } from "../../model/memory.ts";
import { placementExtraForwards, type StageLayers, stageLayers } from "../stages.ts";
import { placementInUnits, unitView } from "../unit.ts";
import { type ForwardsSearch, searchForwards } from "./forwards.ts";
import {
  type EfficiencySource,
  type GridPoint,
  gridOf,
  jobAt,
  type ModelJob,
  ownPoint,
  type RefusedPoint,
  tokensPerIteration,
} from "./grid.ts";

export interface TuneRequest {
  readonly job: ModelJob;
  /** The smallest GPU of it and its slowest type decide, whether on the path or not: leave out other regions. */
  readonly fleet: Fleet;
  /** In GPUs, whole units of the job. */
  readonly path: Pick<Placement, "regions" | "gpus" | "hopBitsPerSecond">;
  readonly sequenceLengths: readonly number[];
  readonly efficiency: EfficiencySource;
}

export interface TimedPoint extends GridPoint, ForwardsSearch {
  readonly kind: "timed";
  readonly efficiency: number;
  /** By the best vector: the objective. */
  readonly secondsPerToken: number;
  /** Of one GPU, by stage, under the best vector. */
  readonly memoryBytes: readonly number[];
}

export interface PointOverMemory extends GridPoint {
  readonly kind: "over-memory";
  /** The fullest stage of an even split under plain 1F1B, and what one GPU of it would hold. */
  readonly stage: number;
  readonly memoryBytes: number;
}

export type TunePoint = TimedPoint | PointOverMemory;

export interface TuneResult {
  readonly tokensPerIteration: number;
  /** Of one GPU, less the reserve. */
  readonly usableBytes: number;
  /** The job as it is. */
  readonly own: TunePoint;
  /** Best first. */
  readonly timed: readonly TimedPoint[];
  readonly overMemory: readonly PointOverMemory[];
  readonly refused: readonly RefusedPoint[];
}

/** As everywhere where a split is sought; see `fittingSplit`. */
const RESERVE_SHARE = 0.1;

export function tune({ efficiency, fleet, job, path, sequenceLengths }: TuneRequest): TuneResult {
  const { points, refused } = gridOf(job, sequenceLengths);
  const timePoint = (point: GridPoint) => tunePoint(jobAt(job, fleet, point, efficiency), fleet, path, point);
  const results = points.map(timePoint);
  const own = ownPoint(job);
  const isOwn = ({ microbatchSize, sequenceLength }: GridPoint) =>
    microbatchSize === own.microbatchSize && sequenceLength === own.sequenceLength;
  const timed = results.filter((point) => point.kind === "timed");
  return {
    tokensPerIteration: tokensPerIteration(job),
    usableBytes: usableBytes(fleet),
    own: results.find(isOwn) ?? timePoint(own),
    timed: timed.sort((a, b) => a.secondsPerToken - b.secondsPerToken),
    overMemory: results.filter((point) => point.kind === "over-memory"),
    refused,
  };
}

function tunePoint(job: ModelJob, fleet: Fleet, path: TuneRequest["path"], point: GridPoint): TunePoint {
  const search = searchForwards(job, fleet, path);
  if (!search) return { kind: "over-memory", ...point, ...fullestStage(job, fleet, path) };
  return {
    kind: "timed",
    ...point,
    ...search,
    efficiency: job.work.efficiency,
    secondsPerToken: search.best.iterationSeconds / tokensPerIteration(job),
    memoryBytes: memoryByStage(job, fleet, { ...path, hopExtraForwards: search.best.hopExtraForwards }),
  };
}

function usableBytes(fleet: Fleet): number {
  return smallestMemoryBytes(fleet) * (1 - RESERVE_SHARE);
}

function memoryByStage(job: ModelJob, fleet: Fleet, placement: Placement): readonly number[] {
  const view = unitView(job, fleet);
  const extra = placementExtraForwards(placementInUnits(placement, view.unitGpus));
  return bytesOf(job, fleet, extra, stageLayers(view.job, extra.length, view.fleet, extra)!);
}

/** Without a memory model a split is as even as whole layers allow. */
function fullestStage(job: ModelJob, fleet: Fleet, path: Placement) {
  const view = unitView(job, fleet);
  const none = placementExtraForwards(placementInUnits(path, view.unitGpus)).map(() => 0);
  const { memory: _asIs, ...unlimited } = view.job;
  const bytes = bytesOf(job, fleet, none, stageLayers(unlimited, none.length, view.fleet)!);
  const memoryBytes = Math.max(...bytes);
  return { stage: bytes.indexOf(memoryBytes), memoryBytes };
}

function bytesOf(
  asked: ModelJob,
  askedFleet: Fleet,
  extraForwards: readonly number[],
  split: readonly StageLayers[],
): readonly number[] {
  const { job } = unitView(asked, askedFleet);
  const { options, shape } = job.memory!;
  return split.map(({ layerCount: layers }, stage) => {
    const slice = { layers, embedding: stage === 0, head: stage === split.length - 1 };
    const held = inFlight1F1B(stage, split.length, job.microbatches, extraForwards[stage]);
    return stageMemoryBytes(shape, slice, held, options);
  });
}
