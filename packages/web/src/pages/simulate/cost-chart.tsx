// What the jobs' electricity cost, by region: a stacked bar per policy.
import { money } from "@bace-pipe/core/format";
import * as Plot from "@observablehq/plot";
import { useCallback, useMemo } from "react";
import { Chart } from "./chart.tsx";
import { colour, tick, widthOf } from "./look.ts";
import type { Cost, Done } from "./request.ts";

export function CostChart({ done: { about, costs } }: { readonly done: Done }) {
  const places = useMemo(() => [...new Set(costs.map(({ where }) => where))], [costs]);
  const { policies } = about;
  const draw = useCallback(
    (width: number) => plotOf(costs, policies, places, width),
    [costs, policies, places],
  );
  const told = policies.map((policy) => {
    const dearest = costs.filter((cost) => cost.policy === policy).sort((a, b) => b.usd - a.usd)[0];
    const most = dearest ? `, most of it ${dearest.where} with ${money(dearest.usd)}` : "";
    return `${policy} ${money(totalOf(costs, policy))}${most}`;
  });
  return (
    <Chart
      title="Electricity cost by region"
      alternative={`Stacked bars of electricity cost by region. ${told.join("; ")}.`}
      caption="The figure at the end of a bar is the policy’s total."
      draw={draw}
      headings={["region", ...policies]}
      rows={places.map((place) => [
        place,
        ...policies.map((policy) =>
          money(costs.find((cost) => cost.policy === policy && cost.where === place)?.usd ?? 0),
        ),
      ])}
    >
      <ul className="legend">
        {places.map((place, i) => (
          <li key={place}>
            <svg width="12" height="12" aria-hidden="true">
              <rect width="12" height="12" fill={colour(i)} />
            </svg>{" "}
            {place}
          </li>
        ))}
      </ul>
    </Chart>
  );
}

function plotOf(
  costs: readonly Cost[],
  policies: readonly string[],
  places: readonly string[],
  width: number,
): Plot.PlotOptions {
  const totals = policies.map((policy) => ({ policy, usd: totalOf(costs, policy) }));
  const ends = policies.map((policy) =>
    costs.reduce((sum, cost) => sum + (cost.policy === policy ? Math.max(0, cost.usd) : 0), 0),
  );
  const marginLeft = 14 + Math.max(...policies.map(widthOf));
  const marginRight = 12 + Math.max(...totals.map(({ usd }) => widthOf(money(usd))));
  const usdPerPixel = Math.max(...ends) / (width - marginLeft - marginRight);
  const order = [...places];
  const stacked = { x: "usd", y: "policy", z: "where", order } as const;
  return {
    height: 46 + 34 * policies.length,
    ...{ marginLeft, marginRight, marginTop: 4, marginBottom: 38 },
    x: { label: "USD", grid: true, ticks: width < 500 ? 4 : 8, tickFormat: tick },
    y: { label: null, domain: [...policies], tickSize: 0, padding: 0.25 },
    color: { type: "identity" },
    marks: [
      Plot.barX(
        costs,
        Plot.stackX({
          ...stacked,
          fill: ({ where }: Cost) => colour(places.indexOf(where)),
          stroke: "var(--card)",
          title: ({ policy, usd, where }: Cost) => `${where} under ${policy}: ${money(usd)}`,
        }),
      ),
      Plot.text(
        costs,
        Plot.stackX({
          ...stacked,
          text: ({ usd, where }: Cost) => (usd > widthOf(where) * usdPerPixel ? where : ""),
          fill: "var(--on)",
          pointerEvents: "none",
        }),
      ),
      Plot.text(totals, {
        x: (_, i) => ends[i]!,
        y: "policy",
        text: ({ usd }: { usd: number }) => money(usd),
        textAnchor: "start",
        dx: 6,
      }),
      Plot.ruleX([0], { strokeOpacity: 0.5 }),
    ],
  };
}

function totalOf(costs: readonly Cost[], policy: string): number {
  return costs.reduce((sum, cost) => sum + (cost.policy === policy ? cost.usd : 0), 0);
}
