// What importers have in common: text by name in; a value with warnings, or complaints, out. Warnings say what was left
// out, filled in or assumed: nothing is dropped without a word.
import type { CsvRow } from "../csv.ts";
import { type Diagnostic, firstComplaints } from "../diagnostic.ts";

export interface NamedText {
  /** As complaints name it. */
  readonly file: string;
  readonly text: string;
}

export type Imported<T> =
  | { readonly ok: true; readonly value: T; readonly warnings: readonly Diagnostic[] }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

export function imported<T>(value: T, warnings: readonly Diagnostic[] = []): Imported<T> {
  return { ok: true, value, warnings: firstComplaints(warnings) };
}

export function refused(diagnostics: readonly Diagnostic[]): { ok: false; diagnostics: Diagnostic[] } {
  return { ok: false, diagnostics: firstComplaints(diagnostics) };
}

/** A plain decimal number, or undefined: no units, no thousands separators, nothing infinite. */
export function decimalOf(text: string): number | undefined {
  const trimmed = text.trim();
  const value = Number(trimmed);
  return trimmed !== "" && /^[-+.\de]+$/i.test(trimmed) && Number.isFinite(value) ? value : undefined;
}

/** The cell as a number; where it is none, complains and gives NaN. */
export function numberCell(row: CsvRow, column: string, problems: Diagnostic[]): number {
  const value = decimalOf(row.get(column));
  if (value !== undefined) return value;
  const message = `"${row.get(column)}" is not a number`;
  problems.push(row.diagnostic(column, "csv-value", message, "write digits and a decimal point only"));
  return Number.NaN;
}

export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** "1 row", "2 rows". */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** The nearest name that regions, jobs and tenants may have: lower-case letters, digits, inner hyphens, 63 at most. */
export function nameOf(text: string): string {
  const plain = text.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
  return plain.slice(0, 63).replaceAll(/^-+|-+$/g, "") || "default";
}
