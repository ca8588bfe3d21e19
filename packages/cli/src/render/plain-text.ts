// Text that others wrote (logs, a service's answers, files), without what a terminal would obey.
import { stripVTControlCharacters } from "node:util";

/** Controls but tab and newline, and what turns the direction of writing. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const OBEYED = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]/g;
const COLOR = new RegExp(`(${"\x1b"}\\[[\\d;]*m)`);

export function plainText(text: string): string {
  return stripVTControlCharacters(text).replaceAll(OBEYED, "");
}

/** Colours stay: most are our own. */
export function harmless(text: string): string {
  const isColor = (part: number) => part % 2 === 1; // between those that split() was given
  return text
    .split(COLOR)
    .map((part, i) => (isColor(i) ? part : part.replaceAll(OBEYED, "")))
    .join("");
}
