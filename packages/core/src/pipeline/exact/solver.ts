/**
 * The port of exact solvers: a job shop in whole units of time, as plain data, and what is known of its optimum.
 *
 * Operations of one machine exclude each other. Memory is no resource here: with the order of micro-batches fixed, that at
 * least so many releases come before a forward is a set of choices between two of them (`model.ts`), which every kind of
 * solver can state. An answer is never just "optimal": it is starts, a bound and a status.
 */

/** What an operation is; messages and reductions run on links, the others on ranks. */
export type ExactKind = "F" | "I" | "W" | "B" | "message" | "reduce";

export type ExactOperation = {
  readonly kind: ExactKind;
  /** Of a message: the stage that sends it. */
  readonly stage: number;
  readonly microbatch: number;
  /** In units of time, 0 or more. */
  readonly duration: number;
  /** It starts no sooner than this, in units. */
  readonly release: number;
};

export type ExactModel = {
  /** Seconds of one unit of time. */
  readonly unitSeconds: number;
  /** Whether all times are whole numbers of units. Otherwise they are rounded down, and a bound of the model is one still. */
  readonly lossless: boolean;
  /** The optimum is at most this, in units; any schedule that fits in memory gives one, here one after the other. */
  readonly horizon: number;
  readonly stages: number;
  readonly microbatches: number;
  readonly operations: readonly ExactOperation[];
  /** `after` starts no sooner than `lag` units after the end of `before`. Both are indices of operations. */
  readonly precedences: readonly { readonly before: number; readonly after: number; readonly lag: number }[];
  /** Operations of each rank, no two of which overlap. What a link carries is in order by precedence. */
  readonly machines: readonly (readonly number[])[];
  /** `operation` starts no sooner than the end of one of `either`, which are of the same machine. */
  readonly choices: readonly { readonly operation: number; readonly either: readonly [number, number] }[];
};

/** As much of an AbortSignal as a solver needs. */
export type CancelSignal = {
  readonly aborted: boolean;
  readonly addEventListener: (type: "abort", listener: () => void) => void;
  readonly removeEventListener: (type: "abort", listener: () => void) => void;
};

export type ExactOptions = {
  readonly timeLimitSeconds: number;
  /** Starts in units that satisfy the model: given back if nothing better is found. */
  readonly warmStart?: readonly number[];
  /** A bound known beforehand, in units: a solution that meets it ends the search. */
  readonly knownBound?: number;
  /** The bound never falls, the incumbent never rises; Infinity while there is none. */
  readonly onProgress?: (incumbentSeconds: number, boundSeconds: number) => void;
  readonly signal?: CancelSignal;
};

/** `unknown`: nothing found and nothing refuted within the limit. */
export type ExactStatus = "optimal" | "feasible" | "unknown" | "infeasible";

export type ExactSolution = {
  readonly status: ExactStatus;
  /** By operation, in units; present if the status is "optimal" or "feasible". */
  readonly starts?: readonly number[];
  /** Of the starts; Infinity without. */
  readonly objectiveSeconds: number;
  /** No starts are better than this. */
  readonly boundSeconds: number;
};

export type ExactSolver = {
  readonly name: string;
  /** Comes back with what there is at the time limit and when aborted; rejects only where the solver itself fails. */
  readonly solve: (model: ExactModel, options: ExactOptions) => Promise<ExactSolution>;
};

/** Last end, in units. */
export function endOf(model: ExactModel, starts: readonly number[]): number {
  return model.operations.reduce((last, { duration }, id) => Math.max(last, starts[id]! + duration), 0);
}

/** Whether starts satisfy the model; the check on every solver's answer, and on warm starts. */
export function satisfies(
  { choices, machines, operations, precedences }: ExactModel,
  starts: readonly number[],
): boolean {
  const end = (id: number) => starts[id]! + operations[id]!.duration;
  return (
    starts.length === operations.length &&
    starts.every((start, id) => Number.isInteger(start) && start >= operations[id]!.release) &&
    precedences.every(({ after, before, lag }) => starts[after]! >= end(before) + lag) &&
    choices.every(({ either: [a, b], operation }) => starts[operation]! >= Math.min(end(a), end(b))) &&
    machines.every((machine) => {
      const order = machine.toSorted((a, b) => starts[a]! - starts[b]! || end(a) - end(b));
      return order.every((id, position) => position === 0 || end(order[position - 1]!) <= starts[id]!);
    })
  );
}
