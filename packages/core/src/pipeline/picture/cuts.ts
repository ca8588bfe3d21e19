/** Cuts of a picture: where they are, what they cost, the regions between them, and the messages that cross them. */

import { actionOf } from "../compile.ts";
import { actionName } from "../schedule.ts";
import type { TimedSchedule } from "../time.ts";
import type { Hop } from "../timing.ts";
import type { Layout } from "./layout.ts";
import { hopText, instant } from "./look.ts";

export function cuts(timed: TimedSchedule, layout: Layout, hops: readonly Hop[]): readonly string[] {
  const { left, regions, rowHeight, topOfRank, width } = layout;
  const lines = hops.flatMap(({ latencySeconds, occupancySeconds }, hop) => {
    const texts = hopText(latencySeconds, occupancySeconds);
    const from = topOfRank[hop]! + rowHeight;
    const middle = (from + topOfRank[hop + 1]!) / 2;
    if (texts.length === 0) return [];
    return [
      `<line class="cut" x1="22" x2="${width - 8}" y1="${middle}" y2="${middle}"/>`,
      ...texts.map(
        (text, line) =>
          `<text class="soft end" x="${left - 8}" y="${middle + (line === 0 ? -4 : 12)}">${text}</text>`,
      ),
    ];
  });
  if (regions.length < 2) return [...lines, ...messageLines(timed, layout)];
  const bars = regions.map(({ firstRank, lastRank }, region) => {
    const from = topOfRank[firstRank]!;
    const height = topOfRank[lastRank]! + rowHeight - from;
    const name = height >= 48 ? `region ${region + 1}` : String(region + 1);
    const middle = from + height / 2;
    return `<rect class="region" x="18" y="${from}" width="2" height="${height}"/><text class="soft middle" transform="translate(13 ${middle}) rotate(-90)">${name}</text>`;
  });
  return [...lines, ...bars, ...messageLines(timed, layout)];
}

/** Each from where it enters its link to where it arrives. */
function messageLines(timed: TimedSchedule, layout: Layout): readonly string[] {
  const { compiled, messageArrivalSeconds, messageStartSeconds } = timed;
  return Array.from(compiled.linkOfMessage).flatMap((link, message): readonly string[] => {
    const { fromRank, toRank } = compiled.links[link]!;
    if (!layout.isCut.slice(Math.min(fromRank, toRank), Math.max(fromRank, toRank)).includes(true)) return [];
    const down = toRank > fromRank;
    const edge = (rank: number, lower: boolean) => layout.topOfRank[rank]! + (lower ? layout.rowHeight : 0);
    const [start, arrival] = [messageStartSeconds[message]!, messageArrivalSeconds[message]!];
    const consumer = actionOf(compiled, compiled.receiverOfMessage[message]!);
    const pass = consumer.kind === "F" ? "activation" : "gradient";
    const far = Math.abs(toRank - fromRank) > 1 ? " far" : "";
    return [
      `<line class="message ${pass}${far}" x1="${layout.xOf(start)}" y1="${edge(fromRank, down)}" x2="${layout.xOf(arrival)}" y2="${edge(toRank, !down)}"><title>${pass} for ${actionName(consumer)}, rank ${fromRank} to ${toRank}: enters the link at ${instant(start)}, arrives at ${instant(arrival)}</title></line>`,
    ];
  });
}
