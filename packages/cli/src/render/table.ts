// Plain tables: a line of headings, columns two spaces apart, no frames, so that `awk` and `cut` can read them too.
import { stripVTControlCharacters } from "node:util";
import type { Column } from "@bace-pipe/core/shell";
import type { Colors } from "../io.ts";

export type { Column } from "@bace-pipe/core/shell";

export function table<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { colors, wide = false }: { readonly colors: Colors; readonly wide?: boolean },
): string {
  const shown = columns.filter((column) => wide || !column.wide);
  const cells = [
    shown.map(({ heading }) => colors.bold(heading)),
    ...rows.map((row) => shown.map((column) => column.cell(row))),
  ];
  const widths = shown.map((_, i) => Math.max(...cells.map((line) => widthOf(line[i]!))));
  const lines = cells.map((line) =>
    line
      .map((cell, i) => {
        const padding = " ".repeat(widths[i]! - widthOf(cell));
        return shown[i]!.align === "right" ? padding + cell : cell + padding;
      })
      .join("  ")
      .trimEnd(),
  );
  return lines.map((line) => `${line}\n`).join("");
}

function widthOf(cell: string): number {
  return [...stripVTControlCharacters(cell)].length;
}
