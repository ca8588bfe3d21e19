// What a comparison of policies shows of each.
import { duration, energy, money, share } from "../../format.ts";
import type { PolicyResult } from "../../simulator/metrics.ts";
import type { Column } from "../column.ts";

export type Named = readonly [name: string, result: PolicyResult];

/** Those that are compared with a reference policy's too. */
export const FIGURES: readonly (readonly [
  string,
  (result: PolicyResult) => number | null,
  typeof duration,
])[] = [
  ["AVG JCT", (result) => result.averageJctSeconds, duration],
  ["P95 JCT", (result) => result.p95JctSeconds, duration],
  ["MAKESPAN", (result) => result.makespanSeconds, duration],
  ["ELECTRICITY", (result) => result.electricityUsd, money],
  ["ENERGY", (result) => result.energyKwh, energy],
];

const right = { align: "right" } as const;
const wide = { ...right, wide: true } as const;

export const RESULT_COLUMNS: readonly Column<Named>[] = [
  { heading: "POLICY", cell: ([name]) => name },
  ...FIGURES.map(
    ([heading, value, format]): Column<Named> => ({
      heading,
      ...right,
      cell: ([, result]) => format(value(result)),
    }),
  ),
  { heading: "GPU USE", ...right, cell: ([, { gpuUtilization }]) => share(gpuUtilization) },
  { heading: "LINK USE", ...right, cell: ([, { linkUtilization }]) => share(linkUtilization) },
  { heading: "FINISHED", ...right, cell: ([, result]) => `${result.finishedJobs}/${result.jobs.length}` },
  { heading: "INFEASIBLE", ...right, cell: ([, { infeasibleJobs }]) => String(infeasibleJobs) },
  { heading: "AVG WAIT", ...wide, cell: ([, result]) => duration(result.averageWaitSeconds) },
  { heading: "MAX WAIT", ...wide, cell: ([, result]) => duration(result.maxWaitSeconds) },
  { heading: "EGRESS", ...wide, cell: ([, { egressUsd }]) => money(egressUsd) },
];

/** A sentence for each policy that left jobs unfinished. */
export function unfinishedText(results: readonly Named[]): readonly string[] {
  return results
    .filter(([, { finishedJobs, jobs }]) => finishedJobs < jobs.length)
    .map(([name, { jobs }]) => {
      const left = jobs.filter(({ outcome }) => outcome !== "finished").map(({ id }) => id);
      return `${name} did not finish ${left.join(", ")}: its figures are over the other jobs.`;
    });
}
