// What electricity cost, by region.
import type { PolicyResult } from "../../simulator/metrics.ts";
import type { Trace } from "./trace.ts";

/** Stands among the regions for GPUs that nobody used, where the scenario pays for them. */
export const IDLE = "idle GPUs";

/** In USD, by region in the fleet's order; what the result has beyond its jobs is that of idle GPUs. */
export function costsOf({ regions, runs }: Trace, result: PolicyResult): ReadonlyMap<string, number> {
  const costs = new Map(regions.map(({ name }) => [name, 0]));
  for (const { parts } of runs)
    for (const { electricityUsd, region } of parts)
      costs.set(region, (costs.get(region) ?? 0) + electricityUsd);
  const idleUsd = result.electricityUsd - result.jobs.reduce((sum, job) => sum + job.electricityUsd, 0);
  if (Math.abs(idleUsd) > 1e-6 * Math.abs(result.electricityUsd)) costs.set(IDLE, idleUsd);
  return costs;
}
