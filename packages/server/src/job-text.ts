// What is looked at before and after a job file is parsed, so that no file holds the service up and no text in it is
// anything but text: a parser of YAML goes as deep as the text says, and job files come from whoever may submit.
import type { Job } from "@bace-pipe/core";

/** Brackets, or markers of lists and keys on one line, within each other: a job file has five. */
const DEEPEST = 64;
const MOST_ALIASES = 100;
const LONGEST_STRING = 4096;

/** Why a text is not even parsed. A bracket inside quotes counts too: 64 open ones are no job's text. */
export function tooComplex(text: string): string | undefined {
  let depth = 0;
  let aliases = 0;
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!;
    if (character === "[" || character === "{") depth++;
    else if (character === "]" || character === "}") depth = Math.max(0, depth - 1);
    else if (character === "*" && isWordAt(text, i + 1)) aliases++;
    if (depth > DEEPEST) return `more than ${DEEPEST} brackets within each other`;
    if (aliases > MOST_ALIASES) return `more than ${MOST_ALIASES} aliases`;
  }
  if (/^ *(?:[-?] +){65}/m.test(text)) return `more than ${DEEPEST} lists within each other`;
  if (/^ {512}/m.test(text)) return "lines that are indented by more than 512 spaces";
  return undefined;
}

function isWordAt(text: string, index: number): boolean {
  return /\w/.test(text[index] ?? "");
}

/**
 * The field of a job whose text could be mistaken for something else: a control character (a line of a log, the end of a
 * path, a command of a terminal), or one that is longer than any path.
 */
export function unsafeField(value: unknown, path = ""): string | undefined {
  if (typeof value === "string") {
    return value.length > LONGEST_STRING || hasControl(value) ? path : undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  for (const [name, field] of Object.entries(value)) {
    const found = unsafeField(field, path === "" ? name : `${path}.${name}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** C0, DEL, C1, and what separates lines and paragraphs in Unicode. */
function hasControl(text: string): boolean {
  return /[\p{Cc}\u2028\u2029]/u.test(text);
}

/** Paths that a job reads from or writes to. */
export function pathsOf({ training }: Job): readonly string[] {
  if (!training) return [];
  const { location } = training.checkpoint;
  return location === undefined ? training.data.paths : [...training.data.paths, location];
}
