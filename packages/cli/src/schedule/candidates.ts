// Who makes schedules: core's generators and the exact solver, brought into one form.
import { compareSchedules, evaluateSchedule, gapOf, type Pipeline } from "@bace-pipe/core/pipeline";
import {
  bestOf,
  measuredCandidates,
  namesOf,
  noScheduleProblem,
  type Outcome,
  type ScheduleCandidate,
  statusOf,
} from "@bace-pipe/core/shell";
import type { ScheduleRequest } from "@bace-pipe/core/spec";
import { badInput } from "../failure.ts";
import { type ExactScheduleOptions, exactRefusal, exactSchedule } from "../solver/index.ts";

export interface SolverOptions {
  readonly timeLimitSeconds: number;
  /** Called where a solver is about to run, and only there: to say so, and to listen for who wants it to stop. */
  readonly search: <T>(run: (watch: Watch) => Promise<T>) => Promise<T>;
}

export type Watch = Required<Pick<ExactScheduleOptions, "onProgress" | "signal">>;

export async function scheduled(
  pipeline: Pipeline,
  request: ScheduleRequest,
  options: SolverOptions,
): Promise<Outcome> {
  const names = namesOf(request);
  const comparison = compareSchedules(
    pipeline,
    names.filter((name) => name !== "exact"),
  );
  const byName = new Map(measuredCandidates(comparison).map((one) => [one.generator, one]));
  if (names.includes("exact")) byName.set("exact", await exactly(pipeline, options));
  const candidates = names.map((name) => byName.get(name)!);
  const best = bestOf(pipeline, candidates, comparison.best?.generator);
  if (best) return { best, candidates };
  const hint = "change the sizes, or use --generator auto, which leaves out what there is not";
  throw badInput("no-schedule", noScheduleProblem(candidates), hint);
}

async function exactly(
  pipeline: Pipeline,
  { search, timeLimitSeconds }: SolverOptions,
): Promise<ScheduleCandidate> {
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
