// The links of a job: for which rates its schedule was chosen, what was measured and how long ago, why it was moved.
import { intervalText, replanText, stayText } from "@bace-pipe/core/explain";
import { bitRate, duration } from "@bace-pipe/core/format";
import type { Explained, JobView } from "@bace-pipe/server";
import type { Colors } from "../io.ts";

type Hop = Explained["hops"][number];

/** A line per hop and one per direction that was measured; empty for a job in one region. */
export function hopsText({ hops }: Pick<Explained, "hops">, colors: Colors): string {
  if (hops.length === 0) return "";
  const lines = [colors.bold("Links"), ...hops.flatMap((hop) => hopLines(hop, colors))];
  return lines.map((line) => `${line}\n`).join("");
}

/** Why it was stopped and placed anew, the last time; empty if it never was, or if that is why it is not running. */
export function movedLine({ replan }: Pick<Explained, "replan">, reason: string | null): string {
  if (replan === null) return "";
  const text = replanText(replan);
  return text === reason ? "" : `Last ${text}.\n`;
}

/** Why it was not placed anew when prices last moved. */
export function stayedLine({ stayed }: Pick<JobView, "stayed">): string {
  return stayed ? `${stayText(stayed)}.\n` : "";
}

function hopLines(hop: Hop, colors: Colors): string[] {
  const { from, interval, measured, plannedBitsPerSecond: planned, reservedBitsPerSecond, to } = hop;
  const measuredNeed = planned === undefined ? "" : ` by what was measured, ${bitRate(planned)} when placed`;
  const chosen = interval ? `; the schedule was chosen for ${intervalText(interval)}` : "";
  return [
    `  ${from} → ${to}: ${bitRate(reservedBitsPerSecond)} reserved${measuredNeed}${chosen}`,
    ...measured.map(({ ageSeconds, bitsPerSecond, roundTripSeconds, ...ends }) => {
      const delay = roundTripSeconds === null ? "" : `, round trip ${duration(roundTripSeconds)}`;
      const text = `${ends.from} → ${ends.to} carries ${bitRate(bitsPerSecond)}${delay}`;
      return `      ${isInside(bitsPerSecond, interval) ? text : colors.yellow(text)}, seen ${duration(ageSeconds)} ago`;
    }),
  ];
}

function isInside(bitsPerSecond: number, interval: Hop["interval"]): boolean {
  if (!interval) return true;
  const { highBitsPerSecond, lowBitsPerSecond } = interval;
  return (
    bitsPerSecond >= lowBitsPerSecond && (highBitsPerSecond === null || bitsPerSecond <= highBitsPerSecond)
  );
}
