// Who makes schedules: core's generators and the exact solver, brought into one form.
import {
  type Candidate as Compared,
  compareSchedules,
  type Evaluation,
  evaluateSchedule,
  gapOf,
  type Pipeline,
  type ScheduleName,
  scheduleNames,
} from "@bace-pipe/core/pipeline";
import type { ScheduleRequest } from "@bace-pipe/core/spec";
import { badInput } from "../failure.ts";
import { type ExactScheduleOptions, exactRefusal, exactSchedule } from "../solver/index.ts";

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

export type Candidate =
  | Measured
  | { readonly kind: "refused"; readonly generator: string; readonly reason: string };

export interface Outcome {
  readonly best: Measured;
  /** In the order asked for. */
  readonly candidates: readonly Candidate[];
}

export interface SolverOptions {
  readonly timeLimitSeconds: number;
  /** Called where a solver is about to run, and only there: to say so, and to listen for who wants it to stop. */
  readonly search: <T>(run: (watch: Watch) => Promise<T>) => Promise<T>;
}

export type Watch = Required<Pick<ExactScheduleOptions, "onProgress" | "signal">>;

/** Best: of those that fit the one with the least makespan; where none fits, the one that exceeds memory least. */
export async function scheduled(
  pipeline: Pipeline,
  request: ScheduleRequest,
  options: SolverOptions,
): Promise<Outcome> {
  const names = namesOf(request);
  const generated = names.filter((name) => name !== "exact");
  const comparison = compareSchedules(pipeline, generated);
  const byName = new Map(
    comparison.candidates.map((compared) => [compared.generator as string, fromCore(compared)]),
  );
  if (names.includes("exact")) byName.set("exact", await exactly(pipeline, options));
  const candidates = names.map((name) => byName.get(name)!);
  const best = bestOf(pipeline, candidates, comparison.best?.generator);
  if (!best) throw refusal(candidates);
  return { best, candidates };
}

function namesOf(request: ScheduleRequest): readonly (ScheduleName | "exact")[] {
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

function fromCore(compared: Compared): Candidate {
  if (compared.kind === "refused") return compared;
  const { evaluation, gap, generator, lowerBoundSeconds } = compared;
  return {
    kind: "schedule",
    generator,
    evaluation,
    lowerBoundSeconds,
    gap,
    status: statusOf(evaluation, gap),
  };
}

async function exactly(pipeline: Pipeline, { search, timeLimitSeconds }: SolverOptions): Promise<Candidate> {
  const refused = exactRefusal(pipeline);
  if (refused) return { kind: "refused", generator: "exact", reason: `${refused.problem}: ${refused.hint}` };
  const { boundSeconds, schedule, solver } = await search((watch) =>
    exactSchedule(pipeline, { timeLimitSeconds, ...watch }),
  );
  const evaluation = evaluateSchedule(pipeline, schedule);
  const gap = gapOf(evaluation.timed.makespanSeconds, boundSeconds);
  const status = statusOf(evaluation, gap);
  return {
    kind: "schedule",
    generator: "exact",
    evaluation,
    lowerBoundSeconds: boundSeconds,
    gap,
    status,
    solver,
  };
}

function statusOf({ fits }: Evaluation, gap: number): Status {
  if (!fits) return "over-memory";
  return gap === 0 ? "optimal" : "feasible";
}

/** Core chooses among its own; an exact schedule wins where it is as short. */
function bestOf(
  pipeline: Pipeline,
  candidates: readonly Candidate[],
  chosen: string | undefined,
): Measured | undefined {
  const measured = candidates.filter((candidate) => candidate.kind === "schedule");
  const best = measured.find(({ generator }) => generator === chosen);
  const exact = measured.find(({ generator, status }) => generator === "exact" && status !== "over-memory");
  if (exact && (!best || seconds(exact) <= seconds(best) * (1 + 1e-9))) return exact;
  if (best) return best;
  const excess = ({ evaluation }: Measured) =>
    Math.max(...evaluation.peakActivations.map((peak, rank) => peak - pipeline.memoryCap[rank]!));
  return measured.toSorted((a, b) => excess(a) - excess(b) || seconds(a) - seconds(b))[0];
}

function seconds({ evaluation }: Measured): number {
  return evaluation.timed.makespanSeconds;
}

function refusal(candidates: readonly Candidate[]) {
  const refused = candidates.filter((candidate) => candidate.kind === "refused");
  const reasons = refused.map(({ generator, reason }) => `${generator}: ${reason}`).join("; ");
  const hint = "change the sizes, or use --generator auto, which leaves out what there is not";
  return badInput("no-schedule", `there is no such schedule of this pipeline: ${reasons}`, hint);
}
