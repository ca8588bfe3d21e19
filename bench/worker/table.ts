// One table for all parts: what was measured, what it is held against, and whether the target is met.
export interface Row {
  readonly name: string;
  readonly measured: string;
  /** What it is compared with, and its value. */
  readonly against: string;
  readonly result: string;
  /** Undefined where a row is there to be read only. */
  readonly target?: { readonly text: string; readonly met: boolean };
}

const WIDTHS = [58, 14, 34, 10] as const;

export const TABLE_HEAD = line(["", "measured", "against", "result", "target"]);

export function rowText({ against, measured, name, result, target }: Row): string {
  return line([
    name,
    measured,
    against,
    result,
    target ? `${target.text}${target.met ? "" : "  MISSED"}` : "",
  ]);
}

function line(cells: readonly string[]): string {
  return cells
    .map((cell, i) => cell.padEnd(WIDTHS[i] ?? 0))
    .join("  ")
    .trimEnd();
}
