// The result of `bace simulate` as one HTML page that needs nothing else: no script, no network, no other file. The same
// input gives the same bytes.
import { deviation } from "@bace-pipe/core/format";
import type { SimulationReport, Trace } from "@bace-pipe/core/shell";
import { FIGURES, type Named, RESULT_COLUMNS } from "@bace-pipe/core/shell";
import type { Column } from "../../render/table.ts";
import { jctFigure } from "./distribution.ts";
import { electricityFigure } from "./electricity.ts";
import { figureMarkup, type PageColumn, table } from "./figure.ts";
import { ganttFigure } from "./gantt.ts";
import { referenceOf } from "./look.ts";
import { html, type Markup, NOTHING, trusted } from "./markup.ts";
import { gpusFigure, waitingFigure } from "./over-time.ts";
import { STYLE } from "./style.ts";
import { waitFigure } from "./waiting.ts";

/** Ids that are spelt out where jobs did not finish. */
const MOST_NAMED_JOBS = 10;

export function pageText(report: SimulationReport, traces: ReadonlyMap<string, Trace>): string {
  const { policies, scenario } = report;
  const endSeconds = endOf(policies, traces);
  const figures = [
    waitingFigure(traces, endSeconds),
    gpusFigure(traces, endSeconds),
    ganttFigure(traces, endSeconds),
    jctFigure(policies),
    waitFigure(policies),
    electricityFigure(traces, policies),
  ];
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${scenario} · bace simulate</title>
<style>${trusted(STYLE)}</style>
</head>
<body>
<header>
<h1>${scenario}</h1>
<p>Scheduling policies compared in simulation, by <code>bace simulate</code></p>
${facts(report)}
</header>
<main>
${summary(policies)}
${figures.map(figureMarkup)}</main>
</body>
</html>
`.markup;
}

/** Pictures end with the last job of all policies; where none finished, with the last thing that happened. */
function endOf(policies: SimulationReport["policies"], traces: ReadonlyMap<string, Trace>): number {
  const makespan = Math.max(...Object.values(policies).map(({ makespanSeconds }) => makespanSeconds));
  if (makespan > 0) return makespan;
  return Math.max(...[...traces.values()].map(({ instants }) => instants.at(-1)?.atSeconds ?? 0));
}

const NAMES: Readonly<Record<string, string>> = {
  version: "bace version",
  scenarioHash: "scenario SHA-256",
  timeModel: "time model",
};

/** Everything that the result says about itself: options that are added to it appear here too. */
function facts({ policies, ...run }: SimulationReport): Markup {
  const told = [...Object.entries(run), ["policies", Object.keys(policies).join(", ")] as const];
  return html`<dl class="facts">
${told.map(([name, value]) => html`<dt>${NAMES[name] ?? name}</dt><dd>${typeof value === "object" ? JSON.stringify(value) : String(value)}</dd>\n`)}</dl>`;
}

/** A row per figure, a column per policy: that fits a page however many figures there are. */
function summary(policies: SimulationReport["policies"]): Markup {
  const results = Object.entries(policies);
  const reference = results.find(([name]) => name === referenceOf(Object.keys(policies)))!;
  const compared = new Map(FIGURES.map(([heading, value]) => [heading, value]));
  const columns: readonly PageColumn<Column<Named>>[] = [
    { heading: "", cell: ({ heading }) => heading },
    ...results.map(
      (named): PageColumn<Column<Named>> => ({
        heading: named[0],
        align: "right",
        cell: (row) => {
          const value = compared.get(row.heading);
          if (!value || named === reference) return row.cell(named);
          const against = deviation(value(named[1]), value(reference[1]));
          return html`${row.cell(named)}<span class="against">${against}</span>`;
        },
      }),
    ),
  ];
  const [, ...rows] = RESULT_COLUMNS;
  const legend =
    results.length > 1 ? html`<p class="small">Small: deviation from ${reference[0]}.</p>` : NOTHING;
  return html`<section id="summary">
<h2>Summary</h2>
${table("Summary", columns, rows)}
${legend}
${results.map(unfinished)}</section>
`;
}

function unfinished([name, { finishedJobs, jobs }]: Named): Markup {
  const left = jobs.filter(({ outcome }) => outcome !== "finished").map(({ id }) => id);
  if (finishedJobs === jobs.length) return NOTHING;
  const named = left.slice(0, MOST_NAMED_JOBS).join(", ");
  const more = left.length > MOST_NAMED_JOBS ? ` and ${left.length - MOST_NAMED_JOBS} more` : "";
  return html`<p class="small">Under ${name} not finished: ${named}${more}. Its figures are over the other jobs.</p>\n`;
}
