// Measured figures: one table, each beside the range in which it is expected on any machine that is not very old or very
// busy. Ranges are data (ranges.json), so that a change of speed is a change of one line there.
import { readFileSync } from "node:fs";

export interface Figure {
  /** What was measured, without its unit: the name in ranges.json. */
  readonly name: string;
  readonly value: number;
}

export interface Range {
  readonly unit: string;
  readonly min?: number;
  readonly max?: number;
}

export function readRanges(file: URL): ReadonlyMap<string, Range> {
  return new Map(Object.entries(JSON.parse(readFileSync(file, "utf8")) as Record<string, Range>));
}

/** Complaints: a line for each figure that is outside its range, and for each that has none. */
export function complaints(figures: readonly Figure[], ranges: ReadonlyMap<string, Range>): string[] {
  return figures.flatMap(({ name, value }) => {
    const range = ranges.get(name);
    if (!range) return [`${name}: ${shown(value)}, but no range is expected; add one to bench/ranges.json`];
    return isWithin(value, range)
      ? []
      : [`${name}: ${shown(value)} ${range.unit} is not ${rangeText(range)} ${range.unit}`];
  });
}

const WIDTHS = { name: 74, value: 12, unit: 12 };
export const TABLE_HEAD = row("", "measured", "", "expected");

export function figureText({ name, value }: Figure, ranges: ReadonlyMap<string, Range>): string {
  const range = ranges.get(name);
  if (!range) return row(name, shown(value), "", "?");
  const verdict = isWithin(value, range) ? "" : "  OUTSIDE";
  return row(name, shown(value), range.unit, `${rangeText(range)}${verdict}`);
}

function row(name: string, value: string, unit: string, expected: string): string {
  return `${name.padEnd(WIDTHS.name)}${value.padStart(WIDTHS.value)} ${unit.padEnd(WIDTHS.unit)}${expected}`;
}

function isWithin(
  value: number,
  { max = Number.POSITIVE_INFINITY, min = Number.NEGATIVE_INFINITY }: Range,
): boolean {
  return value >= min && value <= max;
}

function rangeText({ max, min }: Range): string {
  return [...(min === undefined ? [] : [`≥ ${min}`]), ...(max === undefined ? [] : [`≤ ${max}`])].join(", ");
}

/** Three figures, and whole numbers beyond. */
function shown(value: number): string {
  if (Math.abs(value) >= 100) return String(Math.round(value));
  return value.toPrecision(3);
}
