/**
 * A timed schedule as lines of text, one row per rank, for terminals and test failures.
 *
 * A block is its kind and micro-batch, filled up with `=` (`F0==B0====`), cut to the columns that its time
 * covers; idle columns are dots. A last line gives the scale. Leaves out colour, messages, and blocks shorter
 * than a column.
 */

import { actionOf } from "../compile.ts";
import { isCommunication } from "../schedule.ts";
import type { TimedSchedule } from "../time.ts";

/** `width` is that of the chart in columns, labels not included. */
export function renderTimeline(
  timed: TimedSchedule,
  { width }: { readonly width: number },
): readonly string[] {
  const { compiled, startSeconds, endSeconds, makespanSeconds } = timed;
  const { ranks } = compiled.schedule;
  const columnOf = (seconds: number) =>
    makespanSeconds === 0 ? 0 : Math.round((seconds / makespanSeconds) * width);
  const labelWidth = `rank ${ranks.length - 1}`.length;
  const rows = ranks.map((_, rank) => {
    let row = "";
    for (let id = compiled.rankOffset[rank]!; id < compiled.rankOffset[rank + 1]!; id++) {
      const action = actionOf(compiled, id);
      if (isCommunication(action.kind)) continue;
      const columns = columnOf(endSeconds[id]!) - columnOf(startSeconds[id]!);
      row = row.padEnd(columnOf(startSeconds[id]!), ".");
      row += `${action.kind}${action.microbatch}`.padEnd(columns, "=").slice(0, columns);
    }
    return `${`rank ${rank}`.padEnd(labelWidth)} |${row.padEnd(width, ".")}|`;
  });
  const scale = `${"0".padEnd(width - 1)}${Number(makespanSeconds.toPrecision(4))} s`;
  return [...rows, `${" ".repeat(labelWidth)}  ${scale}`];
}
