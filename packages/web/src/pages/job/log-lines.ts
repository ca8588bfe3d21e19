// Logs of a job, as they come in parts, as lines to be looked through. The text is another program's: whatever would make a
// browser show it otherwise than it is (colours of terminals, control characters, turned directions) is left out.
import type { JobLogs } from "../../api.ts";

/** Of one file: what came before is left out. */
const MOST_CHARACTERS = 2 ** 20;
const ESCAPE = String.fromCharCode(27);

export interface LogFile {
  readonly region: string;
  readonly name: string;
  readonly text: string;
  /** Whether more stood before the text. */
  readonly isCut: boolean;
}

export interface LogLine {
  /** "frankfurt rank-2" */
  readonly source: string;
  readonly text: string;
}

/** What was known with what is new of it. */
export function withLogs(
  known: readonly LogFile[],
  { regions }: Pick<JobLogs, "regions">,
): readonly LogFile[] {
  const files = new Map(known.map((file) => [`${file.region} ${file.name}`, file]));
  for (const { files: more, region } of regions) {
    for (const { name, skippedBytes, text } of more) {
      const before = files.get(`${region} ${name}`);
      const whole = (skippedBytes > 0 ? "" : (before?.text ?? "")) + text;
      const kept = whole.slice(-MOST_CHARACTERS);
      const isCut = skippedBytes > 0 || before?.isCut === true || kept.length < whole.length;
      files.set(`${region} ${name}`, { region, name, text: kept, isCut });
    }
  }
  return [...files.values()];
}

/** Lines of a region's files, or of all, that have a text in them, case aside. */
export function linesOf(files: readonly LogFile[], region: string, search: string): readonly LogLine[] {
  const wanted = search.toLowerCase();
  return files
    .filter((file) => region === "" || file.region === region)
    .flatMap((file) =>
      file.text
        .split("\n")
        .map((text) => ({ source: `${file.region} ${file.name}`, text: harmless(text) }))
        .filter(({ text }) => text !== "" && text.toLowerCase().includes(wanted)),
    );
}

function harmless(text: string): string {
  const [first = "", ...rest] = text.split(ESCAPE);
  return [first, ...rest.map((part) => part.replace(/^\[[\d;?]*[A-Za-z]/, ""))]
    .join("")
    .replaceAll(/[\u202a-\u202e\u2066-\u2069]/g, "")
    .replaceAll(/\p{Cc}/gu, (character) => (character === "\t" ? character : ""));
}
