// Logs on a terminal: each line behind the region and rank that wrote it, and nothing in it that a terminal would obey.
import type { JobLogs } from "@bace-pipe/server";
import type { Colors } from "../io.ts";
import { plainText } from "./plain-text.ts";

type Region = JobLogs["regions"][number];
type File = Region["files"][number];

/**
 * The lines of an answer, region by region and rank by rank.
 * @param tail of each file the last so many; all where absent
 */
export function logLines({ regions }: JobLogs, colors: Colors, tail?: number): string {
  const ranks = regions.flatMap(({ files }) => files.filter(({ rank }) => rank !== null));
  const isOne = regions.length === 1 && ranks.length <= 1;
  return regions
    .flatMap(({ files, region }) =>
      files.map((file) => {
        const prefix = isOne && file.rank !== null ? "" : colors.dim(`${prefixOf(region, file, regions)} | `);
        return linesOf(file, tail)
          .map((line) => `${prefix}${line}\n`)
          .join("");
      }),
    )
    .join("");
}

/** What of an answer is not there: regions that did not answer, and what was more than was asked for. */
export function logGaps({ regions }: JobLogs): string[] {
  return regions.flatMap(({ files, problem, region }) => [
    ...(problem === null ? [] : [`${region}: its logs are not here: ${plainText(problem)}`]),
    ...files
      .filter(({ skippedBytes }) => skippedBytes > 0)
      .map(({ name, skippedBytes }) => `${region} ${name}: ${skippedBytes} bytes before this are left out`),
  ]);
}

function prefixOf(region: string, { name, rank }: File, regions: readonly Region[]): string {
  const who = rank === null ? name : `rank ${rank}`;
  return regions.length === 1 ? who : `${region} ${who}`;
}

function linesOf({ text }: File, tail: number | undefined): string[] {
  if (text === "") return [];
  const lines = plainText(text).replace(/\n$/, "").split("\n");
  return tail === undefined ? lines : lines.slice(Math.max(0, lines.length - tail));
}
