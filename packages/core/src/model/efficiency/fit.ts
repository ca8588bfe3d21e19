// Terms from measured runs. Both ways minimise squared logarithmic errors of iteration time plus squared distances from
// what was believed before, so that few rows move little, and what no row tells stays where it was.
//   calibrate    one system's rows, from the shipped terms: one row moves mostly `slowdown` and what is least certain
//   fitDefaults  many sources' rows, from the priors: each source has a slowdown of its own (heavy-tailed: one odd system
//                shall not move the rest), and counts by how well its rows agree with any terms
import { leastSquares } from "./least-squares.ts";
import { type RunLoads, runLoads, runSeconds, type TrainingRun } from "./predict.ts";
import { BELIEFS, DEFAULT_TERMS, PRIOR_TERMS, TERM_NAMES, type TimeTerms, termsOf } from "./terms.ts";

/** A run and what was measured of it. */
export interface MeasuredRun {
  /** Who measured it, on which system. */
  readonly source: string;
  readonly run: TrainingRun;
  readonly iterationSeconds: number;
}

/** Of logarithms: by how much rows of one source stay off at least when all of it is fitted. */
const ROW_SPREAD = 0.05;
/** By how much one row of a system is off for others of it: that much of its error is its own. */
const CALIBRATION_SPREAD = 0.1;
/** Fewer rows than this cannot tell which of them is the odd one. */
const ROWS_FOR_OUTLIERS = 4;
/** Of the logarithm of a source's own slowdown, and how many rows' worth of ROW_SPREAD its spread starts with. */
const SOURCE_SPREAD = 0.15;
const SPREAD_ROWS = 5;
const ROUNDS = 6;

interface Fitted {
  readonly loads: RunLoads;
  readonly measured: number;
}

function fitted({ run, iterationSeconds }: MeasuredRun): Fitted {
  return { loads: runLoads(run), measured: iterationSeconds };
}

/** Logarithm of predicted ÷ measured iteration time. */
function logError({ loads, measured }: Fitted, terms: TimeTerms): number {
  return Math.log(runSeconds(loads, terms).total / measured);
}

/** As √ρ: square near zero, linear far out, so that odd rows count less. */
function softened(residual: number): number {
  return Math.sign(residual) * Math.sqrt(2 * (Math.sqrt(1 + residual * residual) - 1));
}

/** As √ρ of a Cauchy distribution. */
function heavyTailed(residual: number): number {
  return Math.sign(residual) * Math.sqrt(Math.log1p(residual * residual));
}

/** The terms of the one system that all rows are from. */
export function calibrate(rows: readonly MeasuredRun[], defaults: TimeTerms = DEFAULT_TERMS): TimeTerms {
  const all = rows.map(fitted);
  const weigh = rows.length < ROWS_FOR_OUTLIERS ? (residual: number) => residual : softened;
  const moves = leastSquares(
    (unknowns) => {
      const terms = moved(defaults, unknowns);
      return [
        ...all.map((row) => weigh(logError(row, terms) / CALIBRATION_SPREAD)),
        ...TERM_NAMES.map((name, i) => unknowns[i]! / BELIEFS[name].systemSpread),
      ];
    },
    TERM_NAMES.map(() => 0),
  );
  return moved(defaults, moves);
}

/** The terms of a system of which nothing is known, from several known ones. `slowdown` is 1. */
export function fitDefaults(rows: readonly MeasuredRun[]): TimeTerms {
  // The last of the names, so that the others keep their places.
  const names = TERM_NAMES.filter((name) => name !== "slowdown");
  const sources = [...new Set(rows.map(({ source }) => source))];
  const all = rows.map((row) => ({ ...fitted(row), source: sources.indexOf(row.source) }));
  const termsAt = (at: readonly number[]) => moved(PRIOR_TERMS, at.slice(0, names.length));
  const errors = (at: readonly number[]) => {
    const terms = termsAt(at);
    return all.map((row) => logError(row, terms) + at[names.length + row.source]!);
  };
  let unknowns: readonly number[] = Array<number>(names.length + sources.length).fill(0);
  let spreads: readonly number[] = sources.map(() => 2 * ROW_SPREAD);
  for (let round = 0; round < ROUNDS; round++) {
    unknowns = leastSquares(
      (at) => [
        ...errors(at).map((error, row) => softened(error / spreads[all[row]!.source]!)),
        ...names.map((name, i) => at[i]! / BELIEFS[name].priorSpread),
        ...sources.map((_, i) => heavyTailed(at[names.length + i]! / SOURCE_SPREAD)),
      ],
      unknowns,
    );
    const left = errors(unknowns);
    spreads = sources.map((_, i) => {
      const own = left.filter((__, row) => all[row]!.source === i);
      const squares = own.reduce((sum, error) => sum + error * error, 0);
      return Math.sqrt((SPREAD_ROWS * ROW_SPREAD ** 2 + squares) / (SPREAD_ROWS + own.length));
    });
  }
  return termsAt(unknowns);
}

/** Moves are logarithms, in the order of TERM_NAMES; what has none stays. */
function moved(terms: TimeTerms, moves: readonly number[]): TimeTerms {
  return termsOf((name) => terms[name] * Math.exp(moves[TERM_NAMES.indexOf(name)] ?? 0));
}
