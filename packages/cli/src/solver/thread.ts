// Exact solvers block the thread they run on: each has a worker thread, kept for the next model, which may cost half a second
// to load. Incumbents and bounds come as messages while it works; at the limit and when aborted, the best of them is the answer.
import { Worker } from "node:worker_threads";
import {
  type ExactModel,
  type ExactOptions,
  type ExactSolution,
  type ExactSolver,
  type ExactStatus,
  endOf,
  satisfies,
} from "@bace-pipe/core/pipeline";

export interface Task {
  readonly model: ExactModel;
  readonly timeLimitSeconds: number;
  readonly warmStart?: readonly number[];
  readonly knownBound?: number;
}

export type Report =
  | { readonly kind: "starts"; readonly starts: readonly number[] }
  /** In units; may be fractional. */
  | { readonly kind: "bound"; readonly bound: number }
  | { readonly kind: "done"; readonly status: ExactStatus }
  | { readonly kind: "missing"; readonly message: string };

/** The solver's package is not installed. */
export class SolverMissing extends Error {}

/** Beyond its limit: time for a solver to notice that it is over. */
const GRACE_SECONDS = 2;

/** Timers with more than this many milliseconds end at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** @param script module that says {@link Report}s to its parent for every {@link Task} that it is sent. */
export function threadSolver(name: string, script: URL): ExactSolver {
  let idle: Worker | undefined;
  return {
    name,
    solve: (model, options) => {
      const worker = idle ?? new Worker(script);
      idle = undefined;
      return new Promise((resolve, reject) => {
        const search = openSearch(model, options);
        const limit = 1000 * (options.timeLimitSeconds + GRACE_SECONDS);
        const timer = setTimeout(() => stop(), Math.min(limit, LONGEST_TIMER));
        const release = () => {
          clearTimeout(timer);
          options.signal?.removeEventListener("abort", stop);
          worker.off("error", fail).off("message", take);
        };
        const stop = () => {
          release();
          void worker.terminate();
          resolve(search.solution());
        };
        const fail = (error: Error) => {
          release();
          void worker.terminate();
          reject(error);
        };
        const take = (report: Report) => {
          if (report.kind === "missing") return fail(new SolverMissing(report.message));
          const problem = search.take(report);
          if (problem) return fail(new Error(`${name}: ${problem}`));
          if (report.kind !== "done") return;
          release();
          worker.unref();
          idle = worker;
          resolve(search.solution());
        };
        worker.on("error", fail).on("message", take);
        if (options.signal?.aborted) return stop();
        options.signal?.addEventListener("abort", stop);
        worker.ref();
        const { knownBound, timeLimitSeconds, warmStart } = options;
        const task: Task = {
          model,
          timeLimitSeconds,
          ...(warmStart && { warmStart }),
          ...(knownBound !== undefined && { knownBound }),
        };
        worker.postMessage(task);
      });
    },
  };
}

/** What is known so far: the better of all starts, the higher of all bounds. */
function openSearch(model: ExactModel, { knownBound = 0, onProgress, warmStart }: ExactOptions) {
  let starts = warmStart && satisfies(model, warmStart) ? warmStart : undefined;
  let end = starts ? endOf(model, starts) : Number.POSITIVE_INFINITY;
  let bound = knownBound;
  let infeasible = false;
  const seconds = (units: number) => units * model.unitSeconds;
  return {
    /** What is wrong with the report; undefined if nothing is. */
    take(report: Exclude<Report, { kind: "missing" }>): string | undefined {
      if (report.kind === "starts") {
        if (!satisfies(model, report.starts)) return "its solution does not satisfy the model";
        const found = endOf(model, report.starts);
        if (found >= end) return undefined;
        starts = report.starts;
        end = found;
      } else if (report.kind === "bound") {
        // The optimum is a whole number of units; a whisker below one is the solver's rounding.
        const raised = Math.ceil(report.bound - 1e-4);
        if (raised <= bound) return undefined;
        bound = raised;
        if (bound > end) return "its bound is above a solution";
      } else {
        if (report.status === "optimal") bound = end;
        infeasible = report.status === "infeasible";
        return infeasible && starts ? "it calls a model infeasible that has a solution" : undefined;
      }
      onProgress?.(seconds(end), seconds(bound));
      return undefined;
    },
    solution(): ExactSolution {
      if (!starts) {
        const status = infeasible ? "infeasible" : "unknown";
        const boundSeconds = infeasible ? Number.POSITIVE_INFINITY : seconds(bound);
        return { status, objectiveSeconds: Number.POSITIVE_INFINITY, boundSeconds };
      }
      const status = end <= bound ? "optimal" : "feasible";
      return { status, starts, objectiveSeconds: seconds(end), boundSeconds: seconds(bound) };
    },
  };
}
