/** Rows of a picture: a rank's blocks to scale over its idle time. */

import { actionOf } from "../compile.ts";
import type { Evaluation } from "../evaluate.ts";
import { actionName, isCommunication, stagesOfRank } from "../schedule.ts";
import type { Layout } from "./layout.ts";
import { instant } from "./look.ts";

export function rows(evaluation: Evaluation, layout: Layout): readonly string[] {
  const { schedule } = evaluation;
  return schedule.ranks.flatMap((_, rank) => {
    const y = layout.topOfRank[rank]!;
    return [
      `<text class="end" x="${layout.left - 8}" y="${y + 16}">rank ${rank}</text>`,
      `<rect class="idle" x="${layout.left}" y="${y}" width="${layout.chartWidth}" height="${layout.rowHeight}"/>`,
      ...blocks(evaluation, rank, layout),
    ];
  });
}

function blocks({ schedule, timed }: Evaluation, rank: number, layout: Layout): readonly string[] {
  const { compiled, endSeconds, startSeconds } = timed;
  const { rowHeight, xOf } = layout;
  const y = layout.topOfRank[rank]!;
  const firstStage = stagesOfRank(schedule, rank)[0];
  return schedule.ranks[rank]!.flatMap((_, position): readonly string[] => {
    const id = compiled.rankOffset[rank]! + position;
    const action = actionOf(compiled, id);
    if (isCommunication(action.kind)) return [];
    const { kind, microbatch, stage } = action;
    const [start, end] = [startSeconds[id]!, endSeconds[id]!];
    const x = xOf(start);
    const width = round(xOf(end) - x);
    const told = `${actionName(action)} on rank ${rank}: stage ${stage}, micro-batch ${microbatch}, ${instant(start)} to ${instant(end)}`;
    const label = [`${kind}${microbatch}`, String(microbatch)].find((text) => 6.6 * text.length + 2 <= width);
    return [
      `<rect class="block ${kind}" x="${x}" y="${y}" width="${width}" height="${rowHeight}"><title>${told}</title></rect>`,
      ...(stage === firstStage
        ? []
        : [`<rect class="chunk" x="${x}" y="${y}" width="${width}" height="4"/>`]),
      ...(label === undefined
        ? []
        : [`<text class="label on${kind}" x="${round(x + width / 2)}" y="${y + 16}">${label}</text>`]),
    ];
  });
}

function round(pixels: number): number {
  return Math.round(pixels * 100) / 100;
}
