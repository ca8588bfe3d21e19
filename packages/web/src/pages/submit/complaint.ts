// A complaint about a job file, with the line that it is about and a caret below what is wrong.
import type { Problem } from "../../api.ts";

export type Diagnostic = NonNullable<Problem["diagnostics"]>[number];

export interface Excerpt {
  readonly line: string;
  /** What stands below the line, up to and with the carets. */
  readonly carets: string;
  /** Of what is wrong, in the whole text. */
  readonly from: number;
  readonly to: number;
}

/** undefined where the text has no such line. Columns count from 1, in UTF-16 units. */
export function excerptOf(
  text: string,
  { column, line }: Pick<Diagnostic, "line" | "column">,
): Excerpt | undefined {
  const lines = text.split("\n");
  const source = lines[line - 1];
  if (source === undefined) return undefined;
  const shown = source.replace(/\r$/, "").replaceAll("\t", " ");
  const before = Math.min(column - 1, shown.length);
  const length = Math.max(1, /^[^\s,:{}[\]]*/.exec(shown.slice(before))![0].length);
  const from = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0) + before;
  return {
    line: shown,
    carets: " ".repeat(before) + "^".repeat(length),
    from,
    to: Math.min(from + length, text.length),
  };
}
