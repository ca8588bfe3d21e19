// How far predictions are off, in sample and, more honestly, on systems that the terms were not fitted on.
import { calibrate, fitDefaults, type MeasuredRun } from "./fit.ts";
import { predictRun } from "./predict.ts";
import type { TimeTerms } from "./terms.ts";

const MOST_FOLDS = 20;

/** Absolute relative errors of iteration time. */
export interface ErrorSummary {
  readonly count: number;
  readonly mean: number;
  /** Nearest rank. */
  readonly p90: number;
  readonly worst: number;
}

export function summarizeErrors(errors: readonly number[]): ErrorSummary {
  const sorted = errors.toSorted((a, b) => a - b);
  const count = sorted.length;
  return {
    count,
    mean: sorted.reduce((sum, error) => sum + error, 0) / count,
    p90: sorted[Math.ceil(0.9 * count) - 1] ?? Number.NaN,
    worst: sorted.at(-1) ?? Number.NaN,
  };
}

export function errorsOf(rows: readonly MeasuredRun[], terms: TimeTerms): number[] {
  return rows.map(({ run, iterationSeconds }) =>
    Math.abs(predictRun(run, terms).iterationSeconds / iterationSeconds - 1),
  );
}

/** Rows by GPU type and source: what one calibration is for. */
export function systemsOf(rows: readonly MeasuredRun[]): Map<string, MeasuredRun[]> {
  return grouped(rows, ({ run, source }) => `${run.gpu.name} ${source}`);
}

function grouped<Row>(rows: readonly Row[], keyOf: (row: Row) => string): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(keyOf(row));
    if (group) group.push(row);
    else groups.set(keyOf(row), [row]);
  }
  return groups;
}

/** Errors on the others of a system after calibrating by one row of it, over every choice of that row. */
export function oneRowErrors(system: readonly MeasuredRun[], defaults: TimeTerms): number[] {
  return system.flatMap((row) => {
    const others = system.filter((other) => other !== row);
    return errorsOf(others, calibrate([row], defaults));
  });
}

/** Errors on rows after calibrating by the others of their system: each row by itself, or every twentieth together. */
export function heldOutErrors(system: readonly MeasuredRun[], defaults: TimeTerms): number[] {
  const folds = Math.min(system.length, MOST_FOLDS);
  return Array.from({ length: folds }).flatMap((_, fold) => {
    const others = system.filter((__, i) => i % folds !== fold);
    const held = system.filter((__, i) => i % folds === fold);
    return errorsOf(held, calibrate(others, defaults));
  });
}

export interface SourceErrors {
  readonly source: string;
  readonly inSample: readonly number[];
  /** Of terms fitted without this source. */
  readonly zeroRows: readonly number[];
  /** The same terms, then calibrated by one row per GPU type of it; empty where a type has but one row. */
  readonly oneRow: readonly number[];
  /** The same terms, then calibrated by all other rows of the GPU type; empty where a type has but one row. */
  readonly otherRows: readonly number[];
}

/** Leave one source out, for every source. */
export function leaveOneSourceOut(rows: readonly MeasuredRun[], inSample: TimeTerms): SourceErrors[] {
  return [...grouped(rows, ({ source }) => source)].map(([source, own]) => {
    const without = fitDefaults(rows.filter((row) => row.source !== source));
    const systems = [...systemsOf(own).values()];
    return {
      source,
      inSample: errorsOf(own, inSample),
      zeroRows: errorsOf(own, without),
      oneRow: systems.flatMap((system) => oneRowErrors(system, without)),
      otherRows: systems.flatMap((system) => (system.length > 1 ? heldOutErrors(system, without) : [])),
    };
  });
}
