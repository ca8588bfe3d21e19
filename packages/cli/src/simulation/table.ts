// Simulation results side by side, and how far the others are from the first of interest.
import type { PolicyResult } from "@bace-pipe/core";
import { deviation, duration, gpus, money } from "@bace-pipe/core/format";
import {
  FIGURES,
  type Named,
  RESULT_COLUMNS,
  type SimulationReport,
  unfinishedText,
} from "@bace-pipe/core/shell";
import type { Colors } from "../io.ts";
import { type Column, table } from "../render/table.ts";

export function simulationText(report: SimulationReport, colors: Colors, wide: boolean): string {
  const { scenario, scenarioHash, seed, timeModel, version } = report;
  const results = Object.entries(report.policies);
  const reference = results.find(([name]) => name === "bace") ?? results[0]!;
  const others = results.filter(([name]) => name !== reference[0]);
  const head = `${scenario}  scenario ${scenarioHash.slice(0, 12)}  seed ${seed}  time model ${timeModel}  bace ${version}\n`;
  return [
    `${colors.dim(head)}\n${table(RESULT_COLUMNS, results, { colors, wide })}`,
    others.length > 0 ? comparisonText(others, reference, colors) : "",
    ...unfinishedText(results).map((sentence) => `${sentence}\n`),
    wide ? results.map((result) => jobsText(result, colors)).join("\n") : "",
  ]
    .filter((part) => part !== "")
    .join("\n");
}

/** Deviations mean little where policies did not finish the same jobs; `unfinishedText` says where. */
export function comparisonText(others: readonly Named[], reference: Named, colors: Colors): string {
  const columns: readonly Column<Named>[] = [
    { heading: `AGAINST ${reference[0].toUpperCase()}`, cell: ([name]) => name },
    ...FIGURES.map(
      ([heading, value]): Column<Named> => ({
        heading,
        align: "right",
        cell: ([, result]) => deviation(value(result), value(reference[1])),
      }),
    ),
  ];
  return table(columns, others, { colors });
}

type Result = PolicyResult["jobs"][number];

function jobsText([name, { jobs }]: Named, colors: Colors): string {
  const columns: readonly Column<Result>[] = [
    { heading: name.toUpperCase(), cell: ({ id }) => id },
    { heading: "OUTCOME", cell: ({ outcome }) => outcome },
    { heading: "WAIT", align: "right", cell: ({ waitSeconds }) => duration(waitSeconds) },
    { heading: "JCT", align: "right", cell: ({ jctSeconds }) => duration(jctSeconds) },
    { heading: "STEP", align: "right", cell: ({ iterationSeconds }) => duration(iterationSeconds) },
    { heading: "ELECTRICITY", align: "right", cell: ({ electricityUsd }) => money(electricityUsd) },
    {
      heading: "PLACEMENT",
      cell: ({ placement }) => placement.map((part) => `${part.region} ${gpus(part.gpus)}`).join(" → "),
    },
  ];
  return table(columns, jobs, { colors });
}
