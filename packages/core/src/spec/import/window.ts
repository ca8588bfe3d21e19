// Series that were published for a year, on the clock of a scenario: cut to a common window whose start is second 0.
import type { Diagnostic } from "../diagnostic.ts";
import type { HourlySeries } from "./hourly.ts";
import { type Imported, imported, refused } from "./imported.ts";
import { formatUtc } from "./utc.ts";

export interface SourcedSeries {
  readonly file: string;
  readonly series: HourlySeries;
}

export interface Window {
  /** Since 1970. */
  readonly fromSeconds: number;
  readonly toSeconds: number;
}

/** The hours that all series have, or the part of them that is asked for. Complains where there are none. */
export function commonWindow(
  all: readonly SourcedSeries[],
  asked: { readonly [Bound in keyof Window]?: number | undefined } = {},
): Imported<Window> {
  const starts = all.map(({ series }) => series.startSeconds);
  const fromSeconds = asked.fromSeconds ?? Math.max(...starts);
  const toSeconds = asked.toSeconds ?? Math.min(...all.map(({ series }) => endOf(series)));
  const short = all.filter(({ series }) => series.startSeconds > fromSeconds || endOf(series) < toSeconds);
  const span = `${formatUtc(fromSeconds)} to ${formatUtc(toSeconds)} UTC`;
  const diagnostics = short.map(({ file, series }): Diagnostic => {
    const has = `${formatUtc(series.startSeconds)} to ${formatUtc(endOf(series))} UTC`;
    return {
      code: "series-window",
      file,
      line: 1,
      column: 1,
      field: series.column,
      message: `the series has ${has}, not all of ${span}`,
      hint: "choose a window inside of what every series has",
    };
  });
  if (diagnostics.length > 0) return refused(diagnostics);
  if (fromSeconds < toSeconds) return imported({ fromSeconds, toSeconds });
  const message = `there is no time in ${span}`;
  const place = { file: all[0]!.file, line: 1, column: 1, field: "" };
  return refused([
    {
      ...place,
      code: "series-window",
      message,
      hint: "take series of the same time, and an end after the start",
    },
  ]);
}

/** The hours that touch a window inside of the series, on a clock whose second 0 is the window's start. */
export function seriesIn(
  { startSeconds, stepSeconds, values }: HourlySeries,
  { fromSeconds, toSeconds }: Window,
): { readonly startSeconds: number; readonly values: readonly number[] } {
  const first = Math.floor((fromSeconds - startSeconds) / stepSeconds);
  const end = Math.ceil((toSeconds - startSeconds) / stepSeconds);
  return {
    startSeconds: startSeconds + first * stepSeconds - fromSeconds,
    values: values.slice(first, end),
  };
}

function endOf({ startSeconds, stepSeconds, values }: HourlySeries): number {
  return startSeconds + stepSeconds * values.length;
}
