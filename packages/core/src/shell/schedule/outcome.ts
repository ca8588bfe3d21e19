// Schedules of one pipeline by several generators, in one form with what an exact solver found, and the best of them.
import {
  type Candidate as Compared,
  type Comparison,
  type Evaluation,
  type PictureOptions,
  type Pipeline,
  type ScheduleName,
  scheduleNames,
} from "../../pipeline/index.ts";
import type { ScheduleRequest } from "../../spec/pipeline.ts";

/** `optimal`: it meets the bound. `over-memory`: some rank holds more than its cap. */
export type Status = "optimal" | "feasible" | "over-memory";

export interface Measured {
  readonly kind: "schedule";
  readonly generator: string;
  readonly evaluation: Evaluation;
  readonly status: Status;
  /** No schedule that places its stages like this one and fits into memory has a shorter makespan. */
  readonly lowerBoundSeconds: number;
  /** Makespan over bound, less 1. */
  readonly gap: number;
  /** Of an exact schedule: who found it. */
  readonly solver?: string;
}

export type ScheduleCandidate =
  | Measured
  | { readonly kind: "refused"; readonly generator: string; readonly reason: string };

export interface Outcome {
  readonly best: Measured;
  /** In the order asked for. */
  readonly candidates: readonly ScheduleCandidate[];
}

export function namesOf(request: ScheduleRequest): readonly (ScheduleName | "exact")[] {
  switch (request.kind) {
    case "auto":
      return scheduleNames;
    case "exact":
      return ["exact"];
    case "one":
      return [request.name];
    case "list":
      return request.names;
  }
}

export function measuredCandidates({ candidates }: Comparison): readonly ScheduleCandidate[] {
  return candidates.map(measured);
}

function measured(compared: Compared): ScheduleCandidate {
  if (compared.kind === "refused") return compared;
  return { ...compared, status: statusOf(compared.evaluation, compared.gap) };
}

export function statusOf({ fits }: Evaluation, gap: number): Status {
  if (!fits) return "over-memory";
  return gap === 0 ? "optimal" : "feasible";
}

/**
 * Of those that fit the one with the least makespan; where none fits, the one that exceeds memory least. Core chooses
 * among its own (`chosen`); an exact schedule wins where it is as short. Undefined where every one is refused.
 */
export function bestOf(
  pipeline: Pipeline,
  candidates: readonly ScheduleCandidate[],
  chosen: string | undefined,
): Measured | undefined {
  const known = candidates.filter((candidate) => candidate.kind === "schedule");
  const best = known.find(({ generator }) => generator === chosen);
  const exact = known.find(({ generator, status }) => generator === "exact" && status !== "over-memory");
  if (exact && (!best || seconds(exact) <= seconds(best) * (1 + 1e-9))) return exact;
  if (best) return best;
  const excess = ({ evaluation }: Measured) =>
    Math.max(...evaluation.peakActivations.map((peak, rank) => peak - pipeline.memoryCap[rank]!));
  return known.toSorted((a, b) => excess(a) - excess(b) || seconds(a) - seconds(b))[0];
}

function seconds({ evaluation }: Measured): number {
  return evaluation.timed.makespanSeconds;
}

/** What a drawn timeline marks besides its blocks. */
export function pictureOf({ hops }: Pipeline, { lowerBoundSeconds }: Measured): PictureOptions {
  return { hops, ...(Number.isFinite(lowerBoundSeconds) ? { lowerBoundSeconds } : {}) };
}

/** Why none of them is there. */
export function noScheduleProblem(candidates: readonly ScheduleCandidate[]): string {
  const refused = candidates.filter((candidate) => candidate.kind === "refused");
  const reasons = refused.map(({ generator, reason }) => `${generator}: ${reason}`).join("; ");
  return `there is no such schedule of this pipeline: ${reasons}`;
}
