// The cells of one row as text and numbers, with everything that is wrong with them.
import type { Cells, RowColumn, Stop } from "./row-columns.ts";

const EMPTY = /^(n\/?a|nan|null|-|–)?$/i;

export interface RowCells {
  /** What ends the row; the reader goes on with harmless values, so that a wrong cell is found behind a refusal. */
  readonly stops: readonly Stop[];
  /** Columns that were empty and for which a value was taken. */
  readonly assumed: readonly RowColumn[];
  text(column: RowColumn): string;
  wrong(column: RowColumn, message: string, hint: string): void;
  refuse(column: RowColumn, reason: string): void;
  /** Above 0, or undefined where the cell is empty or wrong. */
  positive(column: RowColumn): number | undefined;
  /** A whole number above 0. */
  whole(column: RowColumn): number;
  wholeOr(column: RowColumn, otherwise: number): number;
  /** A value was taken for an empty cell, and it matters. */
  assume(column: RowColumn): void;
}

export function rowCells(cells: Cells): RowCells {
  const stops: Stop[] = [];
  const assumed: RowColumn[] = [];
  const text = (column: RowColumn) => {
    const trimmed = cells(column).trim();
    return EMPTY.test(trimmed) ? "" : trimmed;
  };
  const wrong = (column: RowColumn, message: string, hint: string) => {
    stops.push({ kind: "wrong", column, message, hint });
  };
  const numberOf = (column: RowColumn, isWhole: boolean) => {
    if (text(column) === "") return undefined;
    const value = Number(text(column));
    if (value > 0 && Number.isFinite(value) && (!isWhole || Number.isInteger(value))) return value;
    wrong(
      column,
      `"${text(column)}" is not a ${isWhole ? "whole " : ""}number above 0`,
      "correct the figure",
    );
    return undefined;
  };
  return {
    stops,
    assumed,
    text,
    wrong,
    refuse(column, reason) {
      stops.push({ kind: "refused", column, reason });
    },
    positive: (column) => numberOf(column, false),
    whole(column) {
      if (text(column) === "") wrong(column, `${column} is empty`, "fill it in, or leave the row out");
      return numberOf(column, true) ?? 1;
    },
    wholeOr: (column, otherwise) => numberOf(column, true) ?? otherwise,
    assume(column) {
      if (text(column) === "") assumed.push(column);
    },
  };
}
