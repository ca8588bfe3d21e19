// GPUs in use over time under one policy: an area per region.
import { figure, gpus, share } from "@bace-pipe/core/format";
import { timeUnit } from "@bace-pipe/core/shell";
import * as Plot from "@observablehq/plot";
import { useCallback, useId, useState } from "react";
import { Chart } from "./chart.tsx";
import { tick, widthOf } from "./look.ts";
import type { Done, Held } from "./request.ts";

const ROW_PIXELS = 48;

export function HeldChart({ done: { about, endSeconds, held } }: { readonly done: Done }) {
  const [chosen, setChosen] = useState(about.policies[0]!);
  const policy = about.policies.includes(chosen) ? chosen : about.policies[0]!;
  const id = useId();
  const draw = useCallback(
    (width: number) =>
      plotOf(
        held.filter((one) => one.policy === policy),
        endSeconds,
        width,
      ),
    [endSeconds, held, policy],
  );
  const shown = held.filter((one) => one.policy === policy);
  const regions = [...new Set(held.map(({ region }) => region))];
  const told = shown.map(
    ({ gpus: count, meanGpus, region }) => `${region} ${figure(meanGpus)} of ${gpus(count)} on average`,
  );
  return (
    <Chart
      title="GPUs in use by region"
      alternative={`Areas of GPUs in use over time by region under ${policy}. ${told.join("; ")}.`}
      caption="Height: share of the region’s GPUs that jobs hold. All policies have the same time axis."
      draw={draw}
      headings={["region, mean use", ...about.policies]}
      rows={regions.map((region) => [
        region,
        ...about.policies.map((name) => {
          const one = held.find((each) => each.region === region && each.policy === name);
          return one ? share(one.gpus > 0 ? one.meanGpus / one.gpus : 0) : share(null);
        }),
      ])}
    >
      <p className="chosen">
        <label htmlFor={id}>Policy</label>{" "}
        <select id={id} value={policy} onChange={({ target }) => setChosen(target.value)}>
          {about.policies.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </p>
    </Chart>
  );
}

function plotOf(held: readonly Held[], endSeconds: number, width: number): Plot.PlotOptions {
  const unit = timeUnit(endSeconds);
  const rows = held.flatMap(({ gpus: all, region, steps }) =>
    steps.map(({ atSeconds, value }) => ({
      ...{ region, x: atSeconds / unit.seconds, share: all > 0 ? value / all : 0 },
    })),
  );
  const labels = new Map(held.map(({ gpus: count, region }) => [region, `${region} ${gpus(count)}`]));
  return {
    height: 52 + ROW_PIXELS * labels.size,
    ...{ marginLeft: 48, marginTop: 8, marginBottom: 38 },
    marginRight: 14 + Math.max(...[...labels.values()].map(widthOf)),
    x: {
      domain: [0, endSeconds / unit.seconds || 1],
      label: `${unit.name} since the start`,
      ticks: width < 500 ? 4 : 10,
      tickFormat: tick,
    },
    y: { label: null, domain: [0, 1], ticks: 1, tickFormat: (part: number) => `${tick(100 * part)} %` },
    fy: {
      ...{ domain: [...labels.keys()], label: null, padding: 0.25 },
      tickFormat: (region: string) => labels.get(region)!,
    },
    marks: [
      Plot.areaY(rows, {
        ...{ x: "x", y: "share", fy: "region", curve: "step-after" },
        ...{ fill: "var(--use)", fillOpacity: 0.75 },
      }),
      Plot.ruleY([0, 1], { stroke: "var(--soft)", strokeOpacity: 0.6 }),
    ],
  };
}
