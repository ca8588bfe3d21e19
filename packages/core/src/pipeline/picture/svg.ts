/**
 * A timed schedule as an SVG picture: a row per rank, a block per action to scale, idle time in between, cuts between
 * rows with the messages that cross them as thin lines. It stands alone: colours for light and dark, no script, no font,
 * no other file. Details are titles, which browsers show when the pointer rests on something.
 *
 * As wide as it takes for a typical block to show its micro-batch. Leaves out messages between ranks that no cut
 * separates.
 */

import { duration, share } from "../../format.ts";
import type { Evaluation } from "../evaluate.ts";
import type { Hop } from "../timing.ts";
import { axisOf } from "./axis.ts";
import { cuts } from "./cuts.ts";
import { type Layout, layoutOf } from "./layout.ts";
import { legend } from "./legend.ts";
import { COLOURS, escaped, instant, KINDS } from "./look.ts";
import { rows } from "./rows.ts";

export type PictureOptions = {
  /** Hop h leads from rank h to h+1. Those that take any time are cuts, and are marked. */
  readonly hops: readonly Hop[];
  /** Marked on the axis. */
  readonly lowerBoundSeconds?: number;
};

/** The text of an SVG file. */
export function timelineSvg(evaluation: Evaluation, options: PictureOptions): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${svgElement(evaluation, options, `${COLOURS}\n`)}\n`;
}

/** The element alone; `colours` is empty where the page around it has them. */
export function svgElement(evaluation: Evaluation, options: PictureOptions, colours = ""): string {
  const layout = layoutOf(evaluation.timed, options.hops);
  const { width, height } = layout;
  const title = titleOf(evaluation, options);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="timeline" role="img" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<title>${escaped(title)}</title>`,
    `<style>${colours}${STYLE}</style>`,
    `<rect class="page" width="${width}" height="${height}"/>`,
    `<text class="title" x="8" y="22">${escaped(title)}</text>`,
    legend(evaluation, layout),
    ...axis(layout),
    ...rows(evaluation, layout),
    ...cuts(evaluation.timed, layout, options.hops),
    ...bound(layout, options.lowerBoundSeconds),
    "</svg>",
  ].join("\n");
}

const STYLE = `
.timeline { font: 11px system-ui, sans-serif; }
.timeline text { fill: var(--text); }
.timeline .title { font-size: 15px; font-weight: 600; }
.timeline .soft { fill: var(--soft); }
.timeline .end { text-anchor: end; }
.timeline .middle { text-anchor: middle; }
.timeline .page { fill: var(--page); }
.timeline .idle { fill: var(--idle); }
.timeline .grid { stroke: var(--line); }
.timeline .region { fill: var(--soft); }
.timeline .cut { stroke: var(--soft); stroke-dasharray: 4 3; }
.timeline .bound { stroke: var(--bound); stroke-width: 1.5; stroke-dasharray: 6 3; }
.timeline .boundText { fill: var(--bound); }
.timeline .block { stroke: var(--page); stroke-width: 0.7; }
.timeline .chunk { fill: #0b0d10; opacity: 0.55; pointer-events: none; }
.timeline .label { font-size: 9.5px; text-anchor: middle; pointer-events: none; }
.timeline .message { fill: none; stroke-width: 1; opacity: 0.85; }
.timeline .far { opacity: 0.3; }
${KINDS.map(({ kind }) => `.timeline .${kind} { fill: var(--${kind}); }\n.timeline .on${kind} { fill: var(--on${kind}); }`).join("\n")}
.timeline .activation { stroke: var(--F); }
.timeline .gradient { stroke: var(--I); }
`;

function titleOf({ schedule, stats }: Evaluation, { lowerBoundSeconds }: PictureOptions): string {
  const { bubbleRatio, makespanSeconds } = stats;
  const parts = [
    `${schedule.generator}, ${schedule.ranks.length} ranks × ${schedule.microbatches} micro-batches`,
    `makespan ${duration(makespanSeconds)}`,
    `bubble ${share(bubbleRatio)}`,
    ...(lowerBoundSeconds === undefined ? [] : [`bound ${duration(lowerBoundSeconds)}`]),
  ];
  return parts.join(" · ");
}

function axis(layout: Layout): readonly string[] {
  const { bottom, chartWidth, endSeconds, left, top, xOf } = layout;
  const { ticks, unit } = axisOf(endSeconds, chartWidth / 90);
  return [
    ...ticks.map(({ label, seconds }) => {
      const x = xOf(seconds);
      return `<line class="grid" x1="${x}" x2="${x}" y1="${top}" y2="${bottom + 5}"/><text class="soft middle" x="${x}" y="${bottom + 17}">${label}</text>`;
    }),
    `<text class="soft" x="${left}" y="${bottom + 33}">${unit} since the first forward</text>`,
  ];
}

function bound({ bottom, endSeconds, top, xOf }: Layout, seconds: number | undefined): readonly string[] {
  if (seconds === undefined || seconds > endSeconds) return [];
  const x = xOf(seconds);
  return [
    `<line class="bound" x1="${x}" x2="${x}" y1="${top - 4}" y2="${bottom + 5}"><title>no schedule is shorter than ${instant(seconds)}</title></line>`,
    `<text class="boundText end" x="${x - 4}" y="${bottom + 33}">bound ${duration(seconds)}</text>`,
  ];
}
