// What the jobs' electricity cost, by region: a stacked bar per policy.
import type { PolicyResult } from "@bace-pipe/core";
import { money } from "@bace-pipe/core/format";
import { costsOf, type Trace } from "@bace-pipe/core/shell";
import * as Plot from "@observablehq/plot";
import { dataTable, type Figure, pictureMarkup, policyColumns } from "./figure.ts";
import { clipped, colour, legend, MOST_COLOURS, tick, widthOf } from "./look.ts";
import { html } from "./markup.ts";

const OTHERS = "other regions";

interface Part {
  readonly policy: string;
  readonly where: string;
  readonly usd: number;
}

export function electricityFigure(
  traces: ReadonlyMap<string, Trace>,
  results: Readonly<Record<string, PolicyResult>>,
): Figure {
  const policies = [...traces.keys()];
  const costs = new Map([...traces].map(([policy, trace]) => [policy, costsOf(trace, results[policy]!)]));
  const usdOf = (where: string, policy: string) => costs.get(policy)!.get(where) ?? 0;
  const sum = (where: string) =>
    policies.reduce((total, policy) => total + Math.abs(usdOf(where, policy)), 0);
  const places = [...new Set([...costs.values()].flatMap((cost) => [...cost.keys()]))];
  const named = [...places].sort((a, b) => sum(b) - sum(a)).slice(0, MOST_COLOURS - 1);
  const groups = places.length > MOST_COLOURS ? [...named, OTHERS] : places;
  const groupOf = (where: string) => (groups.includes(where) ? where : OTHERS);
  const parts = policies.flatMap((policy) => grouped(policy, costs.get(policy)!, groupOf));
  const totals = policies.map((policy) => ({ policy, usd: results[policy]!.electricityUsd }));
  const ends = policies.map((policy) =>
    parts.filter((part) => part.policy === policy && part.usd > 0).reduce((total, { usd }) => total + usd, 0),
  );
  const most = Math.max(...ends);
  const told = totals.map(({ policy, usd }) => {
    const dearest = [...costs.get(policy)!].sort((a, b) => b[1] - a[1])[0];
    return `${policy} ${money(usd)}${dearest ? `, most of it ${dearest[0]} with ${money(dearest[1])}` : ""}`;
  });

  const picture = pictureMarkup({
    alternative: `Stacked bars of electricity cost by region. ${told.join("; ")}.`,
    draw: (width) => {
      const label = (policy: string) => clipped(policy, width < 500 ? 12 : 24);
      const marginLeft = 14 + Math.max(...policies.map((policy) => widthOf(label(policy))));
      const marginRight = 12 + Math.max(...totals.map(({ usd }) => widthOf(money(usd))));
      const usdPerPixel = most / (width - marginLeft - marginRight);
      const name = ({ usd, where }: Part) => (Math.abs(usd) > widthOf(where) * usdPerPixel ? where : "");
      const stacked = { x: "usd", y: "policy", z: "where", order: groups } as const;
      return {
        marginTop: 4,
        height: 46 + 34 * policies.length,
        marginLeft,
        marginRight,
        marginBottom: 38,
        x: { label: "USD", grid: true, ticks: width < 500 ? 4 : 8, tickFormat: tick },
        y: { label: null, domain: policies, tickSize: 0, tickFormat: label, padding: 0.25 },
        color: { type: "identity" },
        marks: [
          Plot.barX(
            parts,
            Plot.stackX({
              ...stacked,
              fill: ({ where }: Part) => colour(groups.indexOf(where)),
              stroke: "var(--card)",
              title: ({ policy, usd, where }: Part) => `${where} under ${policy}: ${money(usd)}`,
            }),
          ),
          Plot.text(parts, Plot.stackX({ ...stacked, text: name, fill: "var(--on)", pointerEvents: "none" })),
          Plot.text(totals, {
            x: (_, i) => ends[i]!,
            y: "policy",
            text: ({ usd }) => money(usd),
            textAnchor: "start",
            dx: 6,
          }),
          Plot.ruleX([0], { strokeOpacity: 0.5 }),
        ],
      };
    },
  });
  const columns = policyColumns<string>(
    { heading: "REGION", cell: (where) => where },
    policies,
    (where, policy) => money(usdOf(where, policy)),
  );
  return {
    id: "electricity",
    title: "Electricity cost by region",
    caption: html`${told.join("; ")}. The figure at the end of a bar is the policy’s total.`,
    body: html`${legend(groups)}${picture}`,
    data: dataTable("Electricity cost by region, as a table", columns, places),
  };
}

function grouped(
  policy: string,
  costs: ReadonlyMap<string, number>,
  groupOf: (where: string) => string,
): readonly Part[] {
  const sums = new Map<string, number>();
  for (const [where, usd] of costs) sums.set(groupOf(where), (sums.get(groupOf(where)) ?? 0) + usd);
  return [...sums].map(([where, usd]) => ({ policy, where, usd }));
}
