/**
 * A timed schedule as lines of text, one row per rank, for terminals and test failures.
 *
 * A block is its kind and micro-batch, filled up with `=` (`F0==B0====`), cut to the columns that its time
 * covers; idle columns are dots. On a rank with several stages those after the first are in lower case. A last line gives
 * the scale. Where a typical block would have no room for its label the chart may go on in further bands of rows, each
 * with its scale. Leaves out messages, and blocks shorter than a column.
 */

import { actionOf } from "../compile.ts";
import { type ComputeKind, isCommunication, stagesOfRank } from "../schedule.ts";
import type { TimedSchedule } from "../time.ts";

export type TimelineOptions = {
  /** Of the chart in columns, labels not included. */
  readonly width: number;
  /** Most bands; 1 if absent. Where twice as many would not give labels room there is one. */
  readonly bands?: number;
  /** Colours a block's text; a block that goes on in the next band comes in two parts. */
  readonly paint?: (text: string, kind: ComputeKind) => string;
};

type Block = {
  readonly kind: ComputeKind;
  readonly label: string;
  readonly startSeconds: number;
  readonly endSeconds: number;
};

export function renderTimeline(timed: TimedSchedule, options: TimelineOptions): readonly string[] {
  const { width, bands: mostBands = 1, paint = (text) => text } = options;
  const { makespanSeconds } = timed;
  const rows = timed.compiled.schedule.ranks.map((_, rank) => blocksOf(timed, rank));
  const needed = bandsFor(rows.flat(), makespanSeconds, width);
  const bands = needed <= 2 * mostBands ? Math.min(mostBands, needed) : 1;
  const columns = bands * width;
  const columnOf = (seconds: number) =>
    makespanSeconds === 0 ? 0 : Math.round((seconds / makespanSeconds) * columns);
  const labelWidth = `rank ${rows.length - 1}`.length;
  const secondsAt = (band: number) => Number(((makespanSeconds * band) / bands).toPrecision(4));
  return Array.from({ length: bands }, (_, band) => {
    const [from, to] = [band * width, (band + 1) * width];
    const lines = rows.map((blocks, rank) => {
      let line = "";
      let column = from;
      for (const { kind, label, ...block } of blocks) {
        const [start, end] = [columnOf(block.startSeconds), columnOf(block.endSeconds)];
        const [shownFrom, shownTo] = [Math.max(start, from), Math.min(end, to)];
        if (shownTo <= shownFrom) continue;
        const text = label.padEnd(end - start, "=").slice(shownFrom - start, shownTo - start);
        line += ".".repeat(shownFrom - column) + paint(text, kind);
        column = shownTo;
      }
      return `${`rank ${rank}`.padEnd(labelWidth)} |${line}${".".repeat(to - column)}|`;
    });
    const scale = `${String(secondsAt(band)).padEnd(width - 1)}${secondsAt(band + 1)} s`;
    return [...lines, `${" ".repeat(labelWidth)}  ${scale}`];
  }).flat();
}

function blocksOf({ compiled, endSeconds, startSeconds }: TimedSchedule, rank: number): readonly Block[] {
  const { ranks } = compiled.schedule;
  const [firstStage] = stagesOfRank(compiled.schedule, rank);
  return ranks[rank]!.flatMap((_, position): readonly Block[] => {
    const id = compiled.rankOffset[rank]! + position;
    const { kind, microbatch, stage } = actionOf(compiled, id);
    if (isCommunication(kind)) return [];
    const label = `${stage === firstStage ? kind : kind.toLowerCase()}${microbatch}`;
    return [{ kind, label, startSeconds: startSeconds[id]!, endSeconds: endSeconds[id]! }];
  });
}

/** How many it takes for three quarters of the blocks to have room for their labels. */
function bandsFor(blocks: readonly Block[], makespanSeconds: number, width: number): number {
  const needed = blocks
    .filter(({ endSeconds, startSeconds }) => endSeconds > startSeconds)
    .map((block) => (block.label.length * makespanSeconds) / (block.endSeconds - block.startSeconds) / width)
    .sort((a, b) => a - b);
  return Math.max(1, Math.ceil((needed[Math.floor(needed.length * 0.75)] ?? 1) - 1e-9));
}
