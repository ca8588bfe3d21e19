// Who ran where and when: a picture per policy, a row per region, in it a bar per run as high as the GPUs it held there.
// Beyond some hundred runs bars are thinner than a pixel: then a row shows how many of its GPUs were held.
import { duration, gpus as gpusText } from "@bace-pipe/core/format";
import { type Run, type Trace, timeUnit } from "@bace-pipe/core/shell";
import * as Plot from "@observablehq/plot";
import { dataTable, type Figure, pictureMarkup } from "./figure.ts";
import { areaOf, barsOf, OTHERS, type Rect, type Row, rowsOf, SPANS } from "./gantt-rows.ts";
import { clipped, colour, legend, MOST_COLOURS, timeAxis, widthOf } from "./look.ts";
import { html, type Markup } from "./markup.ts";

/** Of one policy; with more, the picture shows sums instead of bars. */
export const MOST_RUNS = 400;

export function ganttFigure(traces: ReadonlyMap<string, Trace>, endSeconds: number): Figure {
  const isThinned = [...traces.values()].some(({ runs }) => runs.length > MOST_RUNS);
  const tenants = tenantsOf(traces);
  const pictures = [...traces].map(
    ([policy, trace]) =>
      html`<h3>${policy}</h3>${picture(policy, trace, endSeconds, isThinned ? undefined : tenants)}${runTable(policy, trace)}`,
  );
  const rows = "A row is as high as its region has GPUs, small regions higher than their share.";
  return {
    id: "runs",
    title: "Who ran where",
    caption: isThinned
      ? `${rows} There are more than ${MOST_RUNS} runs under a policy: instead of single jobs, a row shows how many of its GPUs were held, as means over ${SPANS} equal spans.`
      : `${rows} A bar is a job’s run in the region, as high as its GPUs there and as wide as its time; it may come in several pieces. Its colour tells the tenant. The pointer over a bar tells the rest; the tables have it too.`,
    body: html`${isThinned ? "" : legend(tenants)}${pictures}`,
  };
}

function picture(
  policy: string,
  { regions, runs }: Trace,
  endSeconds: number,
  tenants: readonly string[] | undefined,
): Markup {
  const rows = rowsOf(regions);
  const bottom = rows.reduce((most, { top, height }) => Math.max(most, top + height), 0);
  const { seconds } = timeUnit(endSeconds);
  const rects = tenants ? rows.flatMap((row) => barsOf(row, runs, tenants)) : [];
  const areas = tenants ? [] : rows.map((row) => areaOf(row, runs, endSeconds));
  const x = { x1: 0, x2: endSeconds / seconds || 1 };
  return pictureMarkup({
    alternative: `Runs under ${policy}: ${runs.length} over ${regions.length} regions, until ${duration(endSeconds)} at most.`,
    draw: (width) => {
      const marginLeft = 10 + Math.max(...rows.map(({ name }) => widthOf(clipped(name, 16))));
      const pixelsPerSecond = (width - marginLeft - 14) / (endSeconds || 1);
      return {
        height: bottom + 44,
        marginLeft,
        marginTop: 6,
        marginRight: 14,
        marginBottom: 38,
        x: timeAxis(endSeconds, width),
        y: { axis: null, domain: [0, bottom], range: [6, 6 + bottom] },
        color: { type: "identity" },
        marks: [
          Plot.rect(rows, {
            ...x,
            y1: "top",
            y2: ({ top, height }: Row) => top + height,
            fill: "var(--track)",
          }),
          ...areas.map((area) =>
            Plot.areaY(area, {
              x: ({ atSeconds }: { atSeconds: number }) => atSeconds / seconds,
              y1: "y1",
              y2: "y2",
              curve: "step-after",
              fill: colour(0),
            }),
          ),
          Plot.rect(rects, {
            x1: ({ fromSeconds }: Rect) => fromSeconds / seconds,
            x2: ({ toSeconds }: Rect) => toSeconds / seconds,
            y1: "y1",
            y2: "y2",
            fill: "fill",
            stroke: "var(--card)",
            strokeWidth: 1,
            title: "title",
          }),
          Plot.text(rects, {
            x: ({ fromSeconds }: Rect) => fromSeconds / seconds,
            y: ({ y1, y2 }: Rect) => (y1 + y2) / 2,
            text: (rect: Rect) => fitting(rect, pixelsPerSecond),
            textAnchor: "start",
            dx: 4,
            fontSize: 11,
            fill: "var(--on)",
            pointerEvents: "none",
          }),
          Plot.text(rows, {
            x: 0,
            y: ({ top, height }: Row) => top + height / 2,
            text: ({ name, gpus }: Row) => `${clipped(name, 16)}\n${gpusText(gpus)}`,
            textAnchor: "end",
            dx: -6,
            fontSize: 11,
            fill: "currentColor",
          }),
        ],
      };
    },
  });
}

function fitting({ fromSeconds, label, toSeconds, y1, y2 }: Rect, pixelsPerSecond: number): string {
  const letters = Math.floor(((toSeconds - fromSeconds) * pixelsPerSecond - 8) / 6.7);
  return label !== "" && y2 - y1 >= 12 && letters >= Math.min(label.length, 4) ? clipped(label, letters) : "";
}

/** By first appearance; what is too many for the colours becomes one. */
function tenantsOf(traces: ReadonlyMap<string, Trace>): readonly string[] {
  const tenants = [...new Set([...traces.values()].flatMap(({ runs }) => runs.map(({ tenant }) => tenant)))];
  return tenants.length > MOST_COLOURS ? [...tenants.slice(0, MOST_COLOURS - 1), OTHERS] : tenants;
}

function runTable(policy: string, { runs }: Trace): Markup {
  const inOrder = [...runs].sort((a, b) => a.fromSeconds - b.fromSeconds || (a.jobId < b.jobId ? -1 : 1));
  return dataTable<Run>(
    `Runs under ${policy}, as a table`,
    [
      { heading: "JOB", cell: ({ epoch, jobId }) => (epoch > 1 ? `${jobId}, run ${epoch}` : jobId) },
      { heading: "TENANT", cell: ({ tenant }) => tenant },
      {
        heading: "PLACEMENT",
        cell: ({ parts }) => parts.map(({ gpus, region }) => `${region} ${gpus}`).join(" → "),
      },
      { heading: "START", align: "right", cell: ({ fromSeconds }) => duration(fromSeconds) },
      { heading: "END", align: "right", cell: ({ toSeconds }) => duration(toSeconds) },
      { heading: "ITERATION", align: "right", cell: ({ iterationSeconds }) => duration(iterationSeconds) },
    ],
    inOrder,
  );
}
