// The share of all jobs that are done within a time of their submission, a step line per policy.
import { duration, share } from "@bace-pipe/core/format";
import { timeUnit } from "@bace-pipe/core/shell";
import * as Plot from "@observablehq/plot";
import { useCallback } from "react";
import { Chart } from "./chart.tsx";
import { colour, dash, tick } from "./look.ts";
import type { Completion, Done } from "./request.ts";

/** An axis over a wider range than this is logarithmic. */
const WIDE_RANGE = 50;

export function CompletionChart({ done: { completion } }: { readonly done: Done }) {
  const draw = useCallback((width: number) => plotOf(completion, width), [completion]);
  const told = completion.map(
    ({ medianSeconds, p95Seconds, policy }) =>
      `${policy}: half of the jobs within ${duration(medianSeconds)}, 95 % within ${duration(p95Seconds)}`,
  );
  return (
    <Chart
      title="Job completion times"
      alternative={`Step lines of the share of jobs that finished within a time. ${told.join("; ")}.`}
      caption="Share of all jobs that had finished within a time of their submission: further left and up is better."
      draw={draw}
      headings={["policy", "half within", "95 % within", "finished"]}
      rows={completion.map(({ medianSeconds, p95Seconds, points, policy }) => [
        ...[policy, duration(medianSeconds), duration(p95Seconds)],
        share(points.at(-1)?.[1] ?? 0),
      ])}
    >
      <ul className="legend">
        {completion.map(({ policy }, i) => (
          <li key={policy}>
            <svg width="28" height="8" aria-hidden="true">
              <path d="M0 4H28" stroke={colour(i)} strokeWidth="2.5" strokeDasharray={dash(i)} />
            </svg>{" "}
            {policy}
          </li>
        ))}
      </ul>
    </Chart>
  );
}

function plotOf(completion: readonly Completion[], width: number): Plot.PlotOptions {
  const times = completion.flatMap(({ points }) => points.map(([seconds]) => seconds));
  const longest = times.reduce((most, time) => Math.max(most, time), 0);
  const shortest = times.reduce((least, time) => Math.min(least, time), longest);
  const isLogarithmic = shortest > 0 && longest / shortest > WIDE_RANGE;
  const unit = timeUnit(longest);
  return {
    height: 280,
    marginLeft: 48,
    marginBottom: 38,
    x: {
      type: isLogarithmic ? "log" : "linear",
      domain: [isLogarithmic ? shortest / unit.seconds : 0, longest / unit.seconds || 1],
      label: `${unit.name} since submission${isLogarithmic ? ", logarithmic" : ""}`,
      ticks: width < 500 ? 4 : 10,
      tickFormat: tick,
    },
    y: {
      domain: [0, 1],
      grid: true,
      label: null,
      ticks: 5,
      tickFormat: (part: number) => share(part).replace(".0", ""),
    },
    marks: [
      Plot.ruleY([0], { strokeOpacity: 0.5 }),
      ...completion.map(({ points, policy }, i) =>
        Plot.line(
          [
            ...(isLogarithmic ? [] : [{ x: 0, y: 0 }]),
            ...points.map(([seconds, y]) => ({ x: seconds / unit.seconds, y })),
            { x: longest / unit.seconds, y: points.at(-1)?.[1] ?? 0 },
          ],
          {
            ...{ x: "x", y: "y", curve: "step-after", stroke: colour(i), strokeWidth: 2 },
            ...{ strokeDasharray: dash(i), title: () => policy },
          },
        ),
      ),
    ],
  };
}
