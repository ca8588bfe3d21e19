// Exact schedules, by the solvers there are. Never just "optimal": a schedule, a bound on all others, and a status.
import {
  type CancelSignal,
  type ExactForm,
  type ExactSolver,
  type ExactStatus,
  evaluateSchedule,
  exactModel,
  lowerBoundSeconds,
  type Pipeline,
  type Schedule,
  scheduleOf,
} from "@bace-pipe/core/pipeline";
import { badInput } from "../failure.ts";
import { SolverMissing, threadSolver } from "./thread.ts";
import { bestStart } from "./warm-start.ts";

/** HiGHS comes with the program and proves small pipelines; OR-Tools proves larger ones, and is to be installed besides. */
export const SOLVERS = {
  highs: threadSolver("highs", new URL("./highs-worker.mjs", import.meta.url)),
  "or-tools": threadSolver("or-tools", new URL("./or-tools-worker.mjs", import.meta.url)),
} as const satisfies Record<string, ExactSolver>;

export { bestStart } from "./warm-start.ts";

export type SolverName = keyof typeof SOLVERS;

export interface ExactScheduleOptions {
  readonly timeLimitSeconds: number;
  /** OR-Tools if absent, and HiGHS where that is not installed. */
  readonly solver?: SolverName;
  /** Split if absent. */
  readonly backward?: ExactForm["backward"];
  /** Schedules of the same pipeline to start from, besides those of all generators; the best that fits is taken. */
  readonly warmStarts?: readonly Schedule[];
  readonly onProgress?: (incumbentSeconds: number, boundSeconds: number) => void;
  readonly signal?: CancelSignal;
}

export interface ExactSchedule {
  readonly schedule: Schedule;
  readonly makespanSeconds: number;
  /**
   * No schedule with one stage per rank and all backwards split (or all whole) takes less; if blocks have no overhead and
   * they are split, none of any kind.
   */
  readonly boundSeconds: number;
  readonly status: Extract<ExactStatus, "optimal" | "feasible">;
  readonly solver: SolverName;
}

/** Best schedule found within the limit; where nothing better is found, or when aborted, the best to start from. */
export async function exactSchedule(
  pipeline: Pipeline,
  options: ExactScheduleOptions,
): Promise<ExactSchedule> {
  const { backward = "split", onProgress, signal, timeLimitSeconds } = options;
  if (pipeline.memoryCap.some((cap) => cap < pipeline.chunks))
    throw badInput("no-schedule", "a rank cannot hold one activation", "raise its memory cap");
  const model = exactModel(pipeline, { backward });
  const rankOfStage = Array.from({ length: pipeline.ranks }, (_, rank) => rank);
  const knownBound = lowerBoundSeconds(pipeline, { rankOfStage }) / model.unitSeconds;
  const warmStart = bestStart(model, pipeline, options.warmStarts ?? []);
  const { answer, solver } = await solveWith(options.solver, (chosen) =>
    chosen.solve(model, {
      timeLimitSeconds,
      warmStart,
      // A lossy model's optimum may be below that of the pipeline.
      ...(model.lossless && { knownBound: Math.ceil(knownBound - 1e-6) }),
      ...(onProgress && { onProgress }),
      ...(signal && { signal }),
    }),
  );
  const schedule = scheduleOf(model, answer.starts ?? warmStart);
  const { makespanSeconds } = evaluateSchedule(pipeline, schedule).stats;
  const boundSeconds = Math.min(
    makespanSeconds,
    Math.max(answer.boundSeconds, knownBound * model.unitSeconds),
  );
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
