// Price, carbon and GPUs of one region over the last and the next 24 hours: what was, and what is known to come.
import { figure, gpus, pricePerKwh } from "@bace-pipe/core/format";
import * as Plot from "@observablehq/plot";
import { useEffect, useRef } from "react";
import { PATHS, type SeriesView } from "../../api.ts";
import { carbonText } from "../../format.ts";
import { useWidth } from "../../parts/use-width.ts";
import { usePolling } from "../../polling.ts";

type Step = SeriesView["priceUsdPerKwh"][number];

const EVERY_MS = 60_000;
const HEIGHT = 190;

export function SeriesCharts({ region }: { readonly region: string }) {
  const { failure, value } = usePolling<SeriesView>(PATHS.ofRegion(region, "series"), EVERY_MS);
  if (!value)
    return <p className="small">{failure ? `No curves: ${failure.message}` : "Asking for prices …"}</p>;
  return (
    <div className="series">
      <Chart title="Price" unit="USD/kWh" text={pricePerKwh} series={value} steps={value.priceUsdPerKwh} />
      <Chart
        title="Carbon intensity"
        unit="g/kWh"
        text={carbonText}
        series={value}
        steps={value.carbonGramsPerKwh}
      />
      <Chart title="Capacity" unit="GPUs" text={gpus} series={value} steps={value.gpus} />
    </div>
  );
}

interface ChartProps {
  readonly title: string;
  readonly unit: string;
  readonly text: (value: number) => string;
  readonly series: SeriesView;
  readonly steps: readonly Step[];
}

function Chart({ steps, series, text, title, unit }: ChartProps) {
  const [ref, width] = useWidth<HTMLElement>();
  const place = useRef<HTMLDivElement>(null);
  const { nowSeconds, untilSeconds } = series;
  useEffect(() => {
    if (width === undefined || steps.every(({ value }) => value === null)) return;
    const chart = draw(steps, { nowSeconds, untilSeconds, unit, width });
    chart.setAttribute("aria-hidden", "true"); // the words around it say what it shows
    place.current!.replaceChildren(chart);
    return () => chart.remove();
  }, [steps, nowSeconds, untilSeconds, unit, width]);
  const now = steps.findLast(({ fromSeconds }) => fromSeconds <= nowSeconds);
  return (
    <figure ref={ref} className="card">
      <figcaption>
        <strong>{title}</strong> {now?.value == null ? "nobody knows it" : text(now.value)}{" "}
        <span className="small">{sourcesText(steps)}</span>
      </figcaption>
      <div ref={place} role="img" aria-label={summary(title, steps, text)} />
    </figure>
  );
}

interface Frame {
  readonly nowSeconds: number;
  readonly untilSeconds: number;
  readonly unit: string;
  readonly width: number;
}

function draw(steps: readonly Step[], { nowSeconds, unit, untilSeconds, width }: Frame) {
  const at = (seconds: number) => new Date(1000 * seconds);
  // A step holds until the next begins; the one of now is cut in two.
  const points = steps.flatMap(({ fromSeconds, value }, i) => [
    { at: at(fromSeconds), value },
    { at: at(steps[i + 1]?.fromSeconds ?? untilSeconds), value },
  ]);
  const now = at(nowSeconds);
  const current = steps.findLast(({ fromSeconds }) => fromSeconds <= nowSeconds)?.value;
  const seam = current == null ? [] : [{ at: now, value: current }];
  const past = [...points.filter((point) => point.at <= now), ...seam];
  const coming = [...seam, ...points.filter((point) => point.at > now)];
  return Plot.plot({
    ...{ width: Math.max(240, width), height: HEIGHT, marginTop: 28, marginLeft: 48 },
    x: { type: "time", label: null },
    y: { label: unit, grid: true, zero: true, nice: true },
    marks: [
      Plot.line(past, { x: "at", y: "value", stroke: "var(--use)", strokeWidth: 2 }),
      Plot.line(coming, {
        x: "at",
        y: "value",
        stroke: "var(--use)",
        strokeWidth: 2,
        strokeDasharray: "3 3",
      }),
      Plot.ruleX([now], { stroke: "var(--soft)" }),
      Plot.text([now], {
        x: (date: Date) => date,
        frameAnchor: "top",
        dx: 4,
        textAnchor: "start",
        text: ["now"],
      }),
    ],
  });
}

function sourcesText(steps: readonly Step[]): string {
  const known = steps.filter(({ value }) => value !== null);
  return [...new Set(known.map(({ isDefault, source }) => (isDefault ? "file" : source)))].join(", ");
}

function summary(title: string, steps: readonly Step[], text: (value: number) => string): string {
  const values = steps.flatMap(({ value }) => value ?? []);
  if (values.length === 0) return `${title}: not known`;
  const count = steps.length === 1 ? "one step" : `${figure(steps.length)} steps`;
  return `${title} in ${count} over two days: lowest ${text(Math.min(...values))}, highest ${text(Math.max(...values))}`;
}
