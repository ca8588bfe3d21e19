// What `bace schedule -o json` prints: for one generator its schedule's figures, for several the best of them and all.
import type { PipelineSpec } from "../../spec/pipeline.ts";
import { type Provenance, provenanceOf } from "../provenance.ts";
import type { Measured, Outcome, ScheduleCandidate, Status } from "./outcome.ts";

export interface Figures {
  readonly generator: string;
  readonly status: Status;
  readonly makespanSeconds: number;
  readonly spanSeconds: number;
  /** Idle share of the makespan, and of the span. */
  readonly bubbleRatio: number;
  readonly spanBubbleRatio: number;
  /** By stage, in activations of one of the pipeline's chunks. */
  readonly peakActivations: readonly number[];
  /** By hop: for how long a stage stood idle for a message on its way. */
  readonly exposedSeconds: readonly number[];
  /** Null where no schedule at all fits into memory. */
  readonly lowerBoundSeconds: number | null;
  /** Makespan over bound, less 1. Below 0 only if `over-memory`: the bound is of schedules that fit. */
  readonly gap: number | null;
  readonly solver?: string;
}

export type ResultCandidate = Figures | { readonly generator: string; readonly refused: string };

export type Result = Provenance & Figures & { readonly candidates?: readonly ResultCandidate[] };

/** @param version of the program */
export function resultOf(
  { best, candidates }: Outcome,
  { pipeline, request }: PipelineSpec,
  version: string,
): Result {
  const isChoice = request.kind === "auto" || request.kind === "list";
  return {
    ...provenanceOf(version, pipeline),
    ...figuresOf(best),
    ...(isChoice ? { candidates: candidates.map(candidateOf) } : {}),
  };
}

function candidateOf(candidate: ScheduleCandidate): ResultCandidate {
  return candidate.kind === "refused"
    ? { generator: candidate.generator, refused: candidate.reason }
    : figuresOf(candidate);
}

function figuresOf({ evaluation, gap, generator, lowerBoundSeconds, solver, status }: Measured): Figures {
  const { exposedSeconds, peakActivations, stats } = evaluation;
  const { bubbleRatio, makespanSeconds, spanBubbleRatio, spanSeconds } = stats;
  const isBounded = Number.isFinite(lowerBoundSeconds);
  return {
    generator,
    status,
    makespanSeconds,
    spanSeconds,
    bubbleRatio,
    spanBubbleRatio,
    peakActivations,
    exposedSeconds,
    lowerBoundSeconds: isBounded ? lowerBoundSeconds : null,
    gap: isBounded ? gap : null,
    ...(solver === undefined ? {} : { solver }),
  };
}
