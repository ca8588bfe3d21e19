// Where a complaint points: its place in words, the line of the file, and the part of it to underline.
import type { Diagnostic } from "../spec/diagnostic.ts";

export interface Excerpt {
  /** "fleet.yaml:42:27 (links[0].to)" */
  readonly place: string;
  /** The line, with spaces for tabs; absent where the text is not known or has no such line. */
  readonly source: string | undefined;
  /** Characters in front of what is meant. */
  readonly before: number;
  /** Characters of what is meant, 1 or more. */
  readonly length: number;
}

export function excerptOf(
  { column, field, file, line }: Omit<Diagnostic, "code">,
  text: string | undefined,
): Excerpt {
  const source = text?.split(/\r?\n/)[line - 1]?.replaceAll("\t", " ");
  const before = column - 1;
  return {
    place: `${file}:${line}:${column}${field === "" ? "" : ` (${field})`}`,
    source,
    before,
    length: wordLength(source?.slice(before) ?? ""),
  };
}

/** Length of the word or number at the start; at least one. */
function wordLength(rest: string): number {
  return Math.max(1, /^[^\s,:{}[\]]*/.exec(rest)![0].length);
}
