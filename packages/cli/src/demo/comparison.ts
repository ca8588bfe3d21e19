// The same workload on the simulator's virtual clock, by every policy, beside what was measured here by one of them.
import { createSummary, NO_USAGE } from "@bace-pipe/core";
import { deviation, duration, money } from "@bace-pipe/core/format";
import type { SimulationReport } from "@bace-pipe/core/shell";
import type { JobView } from "@bace-pipe/server";
import type { Colors } from "../io.ts";
import { type Column, table } from "../render/table.ts";

interface Row {
  readonly name: string;
  readonly averageWaitSeconds: number | null;
  readonly averageJctSeconds: number | null;
  readonly p95JctSeconds: number | null;
  readonly makespanSeconds: number;
  readonly electricityUsd: number;
}

const FIGURES: readonly (readonly [string, (row: Row) => number | null, typeof duration])[] = [
  ["AVG WAIT", (row) => row.averageWaitSeconds, duration],
  ["AVG JCT", (row) => row.averageJctSeconds, duration],
  ["P95 JCT", (row) => row.p95JctSeconds, duration],
  ["MAKESPAN", (row) => row.makespanSeconds, duration],
  ["ELECTRICITY", (row) => row.electricityUsd, money],
];

export function comparisonText(
  policy: string,
  jobs: readonly JobView[],
  report: SimulationReport,
  colors: Colors,
): string {
  return comparisonTable(measuredRow(policy, jobs), report, colors);
}

export function comparisonTable(
  measured: Row,
  { policies, timeModel }: SimulationReport,
  colors: Colors,
): string {
  const simulated = Object.entries(policies).map(
    ([name, result]): Row => ({ ...result, name: `${name}, simulated` }),
  );
  const reference = simulated[0]!;
  const columns: readonly Column<Row>[] = [
    { heading: "POLICY", cell: ({ name }) => name },
    ...FIGURES.map(
      ([heading, value, format]): Column<Row> => ({
        heading,
        align: "right",
        cell: (row) => format(value(row)),
      }),
    ),
    {
      heading: `JCT AGAINST ${reference.name.toUpperCase()}`,
      align: "right",
      cell: (row) => (row === reference ? "" : deviation(row.averageJctSeconds, reference.averageJctSeconds)),
    },
  ];
  return (
    table(columns, [measured, ...simulated], { colors }) +
    `Simulated with time model ${timeModel}; without the time PyTorch takes to start, which is in the measured waiting.\n`
  );
}

/** The simulator's own arithmetic over what the service saw; times count from the first submission. */
export function measuredRow(policy: string, jobs: readonly JobView[]): Row {
  const origin = Math.min(...jobs.map(({ submittedSeconds }) => submittedSeconds));
  const results = jobs.map(({ endedSeconds, id, outcome, tenant, ...job }) => ({
    id,
    tenant,
    outcome: outcome === "finished" ? ("finished" as const) : ("unfinished" as const),
    submitSeconds: job.submittedSeconds - origin,
    startSeconds: job.startedSeconds === null ? null : job.startedSeconds - origin,
    endSeconds: endedSeconds === null ? null : endedSeconds - origin,
    waitSeconds: job.waitSeconds,
    jctSeconds: job.jctSeconds,
    placement: job.placement?.regions ?? [],
    iterationSeconds: job.measuredStepSeconds,
    epochs: job.epoch,
    electricityUsd: job.electricityUsd,
    energyKwh: 0,
    carbonKg: 0,
    egressUsd: 0,
  }));
  const summary = createSummary();
  results.forEach(summary.add);
  return { ...summary.result(NO_USAGE, false, results), name: `${policy}, measured` };
}
