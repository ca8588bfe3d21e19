// Exact schedules, by the solvers there are. Never just "optimal": a schedule, a bound on all others, and a status.
import {
  type CancelSignal,
  type ExactForm,
  type ExactSolver,
  type ExactStatus,
  evaluateSchedule,
  exactModel,
  lowerBoundSeconds,
  lowerBoundUnits,
  type Pipeline,
  type Schedule,
  scheduleOf,
} from "@bace-pipe/core/pipeline";
import { badInput } from "../failure.ts";
import { exactRefusal } from "./refusal.ts";
import { SolverMissing, threadSolver } from "./thread.ts";
import { bestStart } from "./warm-start.ts";

/** HiGHS comes with the program and proves small pipelines; OR-Tools proves larger ones, and is to be installed besides. */
export const SOLVERS = {
  highs: threadSolver("highs", new URL("./highs-worker.mjs", import.meta.url)),
  "or-tools": threadSolver("or-tools", new URL("./or-tools-worker.mjs", import.meta.url)),
} as const satisfies Record<string, ExactSolver>;

export { exactRefusal } from "./refusal.ts";
export { bestStart } from "./warm-start.ts";

export type SolverName = keyof typeof SOLVERS;

export interface ExactScheduleOptions {
  readonly timeLimitSeconds: number;
  /** OR-Tools if absent, and HiGHS where that is not installed. */
  readonly solver?: SolverName;
  /** If absent: split where blocks have no overhead, which loses nothing then; else the better of both, within the limit. */
  readonly backward?: ExactForm["backward"];
  /** Schedules of the same pipeline to start from, besides those of all generators; the best that fits is taken. */
  readonly warmStarts?: readonly Schedule[];
  readonly onProgress?: (incumbentSeconds: number, boundSeconds: number) => void;
  readonly signal?: CancelSignal;
}

export interface ExactSchedule {
  readonly schedule: Schedule;
  readonly makespanSeconds: number;
  /** No schedule with one stage per rank takes less; where `backward` was asked for, none of that kind. */
  readonly boundSeconds: number;
  readonly status: Extract<ExactStatus, "optimal" | "feasible">;
  readonly solver: SolverName;
}

/** Best schedule found within the limit; where nothing better is found, or when aborted, the best to start from. */
export async function exactSchedule(
  pipeline: Pipeline,
  options: ExactScheduleOptions,
): Promise<ExactSchedule> {
  const refusal = exactRefusal(pipeline);
  if (refusal) throw badInput("no-schedule", refusal.problem, refusal.hint);
  const rankOfStage = Array.from({ length: pipeline.ranks }, (_, rank) => rank);
  const boundSeconds = lowerBoundSeconds(pipeline, { rankOfStage });
  if (options.backward || pipeline.overheadSeconds === 0)
    return searchForm(pipeline, boundSeconds, options.backward ?? "split", options);

  // Neither form's own bound holds for the other, nor for schedules that split some backwards only.
  let incumbent = Number.POSITIVE_INFINITY;
  const search = (backward: ExactForm["backward"], timeLimitSeconds: number) =>
    searchForm(pipeline, boundSeconds, backward, {
      ...options,
      timeLimitSeconds,
      onProgress: (found) => {
        incumbent = Math.min(incumbent, found);
        options.onProgress?.(incumbent, Math.min(incumbent, boundSeconds));
      },
    });
  const begun = performance.now();
  const half = options.timeLimitSeconds / 2;
  const split = withBound(await search("split", half), boundSeconds);
  if (split.status === "optimal") return split;
  const left = options.timeLimitSeconds - (performance.now() - begun) / 1000;
  const whole = withBound(await search("whole", Math.max(left, half)), boundSeconds);
  return whole.makespanSeconds < split.makespanSeconds ? whole : split;
}

/** @param knownBoundSeconds of schedules of all forms */
async function searchForm(
  pipeline: Pipeline,
  knownBoundSeconds: number,
  backward: ExactForm["backward"],
  { onProgress, signal, solver: wanted, timeLimitSeconds, warmStarts = [] }: ExactScheduleOptions,
): Promise<ExactSchedule> {
  const model = exactModel(pipeline, { backward });
  const knownBound = lowerBoundUnits(pipeline, { backward });
  const warmStart = bestStart(model, pipeline, warmStarts);
  const { answer, solver } = await solveWith(wanted, (chosen) =>
    chosen.solve(model, {
      timeLimitSeconds,
      warmStart,
      knownBound,
      ...(onProgress && { onProgress }),
      ...(signal && { signal }),
    }),
  );
  const schedule = scheduleOf(model, answer.starts ?? warmStart);
  const { makespanSeconds } = evaluateSchedule(pipeline, schedule).stats;
  const found = { schedule, makespanSeconds, solver };
  return withBound(found, Math.max(answer.boundSeconds, knownBoundSeconds));
}

function withBound(
  { makespanSeconds, schedule, solver }: Omit<ExactSchedule, "boundSeconds" | "status">,
  bound: number,
): ExactSchedule {
  const boundSeconds = Math.min(makespanSeconds, bound);
  const met = makespanSeconds <= boundSeconds * (1 + 1e-9);
  return { schedule, makespanSeconds, boundSeconds, status: met ? "optimal" : "feasible", solver };
}

async function solveWith<T>(
  wanted: SolverName | undefined,
  solve: (solver: ExactSolver) => Promise<T>,
): Promise<{ readonly answer: T; readonly solver: SolverName }> {
  const first = wanted ?? "or-tools";
  try {
    return { answer: await solve(SOLVERS[first]), solver: first };
  } catch (error) {
    if (!(error instanceof SolverMissing)) throw error;
    if (!wanted) return { answer: await solve(SOLVERS.highs), solver: "highs" };
    throw badInput(
      "solver-missing",
      "or-tools-wasm is not installed",
      "npm install --no-save or-tools-wasm@0.9.1 (333 MB), or use the solver highs",
    );
  }
}
