// Schedules beside each other, and the best of them as a timeline.

import { type Pipeline, renderTimeline } from "@bace-pipe/core/pipeline";
import { legendOf, type Outcome, rowsOf, scheduleColumns } from "@bace-pipe/core/shell";
import type { Colors } from "../io.ts";
import { table } from "../render/table.ts";

/** Of rows in the terminal, for one timeline. */
const MOST_BANDS = 4;

export function scheduleText(
  pipeline: Pipeline,
  outcome: Outcome,
  { colors, columns, wide }: { readonly colors: Colors; readonly columns: number; readonly wide: boolean },
): string {
  const { generator, evaluation } = outcome.best;
  const labels = `rank ${pipeline.ranks - 1} ||`.length;
  const lines = renderTimeline(evaluation.timed, {
    width: Math.max(20, columns - labels),
    bands: MOST_BANDS,
    ...(colors.isColorSupported ? { paint: painter(colors) } : {}),
  });
  const bandHeight = pipeline.ranks + 1;
  const timeline = lines.map((line, i) => `${i > 0 && i % bandHeight === 0 ? "\n" : ""}${line}\n`).join("");
  const kinds =
    "F forward, I and W input and weight gradient, B both; lower case: a later chunk of the rank.";
  return [
    table(scheduleColumns(pipeline), rowsOf(outcome), { colors, wide }),
    colors.dim(`${legendOf(pipeline)}\n`),
    `\n${colors.bold(generator)} ${colors.dim(kinds)}\n${timeline}`,
  ].join("");
}

function painter({ bgBlue, bgGreen, bgRed, bgYellow, black, white }: Colors) {
  const paints = {
    F: (text: string) => bgBlue(white(text)),
    I: (text: string) => bgYellow(black(text)),
    W: (text: string) => bgGreen(black(text)),
    B: (text: string) => bgRed(white(text)),
  };
  return (text: string, kind: keyof typeof paints) => paints[kind](text.replaceAll("=", " "));
}
