// What measured rows say of each system that they are from: terms, errors before and after, an efficiency to write down.
import { efficiencyOf } from "./efficiency-of.ts";
import { type ErrorSummary, errorsOf, heldOutErrors, summarizeErrors, systemsOf } from "./evaluate.ts";
import { calibrate, type MeasuredRun } from "./fit.ts";
import { DEFAULT_TERMS, TERM_NAMES, type TermName, type TimeTerms } from "./terms.ts";

export interface SystemCalibration {
  readonly gpu: string;
  readonly source: string;
  readonly terms: TimeTerms;
  /** Terms that the rows moved by more than 2 %, most first. */
  readonly moved: readonly { readonly term: TermName; readonly from: number; readonly to: number }[];
  readonly before: ErrorSummary;
  /** On the rows that were fitted. */
  readonly after: ErrorSummary;
  /** On each row by a fit to all others; absent with one row. */
  readonly heldOut?: ErrorSummary;
  /** Share of peak over the rows' shapes, without bubble and links: median and extremes. */
  readonly efficiency: { readonly median: number; readonly least: number; readonly most: number };
}

const MOVED = Math.log(1.02);

export function calibrateSystems(
  rows: readonly MeasuredRun[],
  defaults: TimeTerms = DEFAULT_TERMS,
): SystemCalibration[] {
  return [...systemsOf(rows).values()].map((system) => {
    const terms = calibrate(system, defaults);
    const moves = TERM_NAMES.map((term) => {
      const [from, to] = [defaults[term], terms[term]];
      return { term, from, to, size: Math.abs(Math.log(to / from)) };
    });
    const shares = system.map(({ run }) => efficiencyOf({ ...run, terms })).sort((a, b) => a - b);
    const [first] = system;
    return {
      gpu: first!.run.gpu.name,
      source: first!.source,
      terms,
      moved: moves
        .filter(({ size }) => size > MOVED)
        .sort((a, b) => b.size - a.size)
        .map(({ term, from, to }) => ({ term, from, to })),
      before: summarizeErrors(errorsOf(system, defaults)),
      after: summarizeErrors(errorsOf(system, terms)),
      ...(system.length > 1 ? { heldOut: summarizeErrors(heldOutErrors(system, defaults)) } : {}),
      efficiency: { median: shares[shares.length >> 1]!, least: shares[0]!, most: shares.at(-1)! },
    };
  });
}
