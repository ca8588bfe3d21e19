// What tenants have and have used at an instant, for policies: the accounts of the state, and what is open of those that run.
import { placedGpus } from "../fleet/ledger.ts";
import { classOf, hasTenancy, tenantOf } from "../fleet/tenancy.ts";
import type { RunningJob } from "../scheduler/policy.ts";
import {
  AHEAD_SECONDS,
  HOURS_OF_A_DAY,
  type Standing,
  type Tenancy,
  tenancyWith,
  usdAhead,
} from "../scheduler/tenancy.ts";
import { SECONDS_PER_DAY, SECONDS_PER_HOUR } from "../units.ts";
import { openInterval } from "./accounts.ts";
import type { JobState, State } from "./state.ts";
import { fadedGpuSeconds, type TenantUse, unusedBy, usdSince, withUse } from "./tenant-use.ts";

const NO_USD: readonly number[] = new Array<number>(HOURS_OF_A_DAY + 1).fill(0);

/** Undefined where the fleet has neither tenants nor classes. Good for as long as the state and the time stay the same. */
export function tenancyOf(
  state: State,
  nowSeconds: number,
  runningJob: (known: JobState) => RunningJob,
): Tenancy | undefined {
  const fleet = state.fleet!;
  if (!hasTenancy(fleet)) return undefined;
  let byTenant: Map<string, JobState[]> | undefined;
  const known = new Map<string, Standing>();
  const standingOf = (name: string): Standing => {
    byTenant ??= activeByTenant(state);
    const active = byTenant.get(name) ?? [];
    const tenant = tenantOf(fleet, name);
    const gpusHeld = active.reduce((sum, { epoch }) => sum + placedGpus(epoch!.placement), 0);
    if (!fleet.tenants) return { tenant, gpusHeld, usedGpuSeconds: 0, spentUsd: NO_USD, expectedUsd: NO_USD };
    const use = active.reduce<TenantUse>(
      (sum, { epoch }) => withUse(sum, openInterval(epoch!, fleet, nowSeconds)),
      state.tenants.get(name) ?? unusedBy(name, nowSeconds),
    );
    const hasUsdQuota = tenant.usdPerDayQuota !== undefined;
    return {
      tenant,
      gpusHeld,
      usedGpuSeconds: fadedGpuSeconds(use, nowSeconds) + gpusHeld * AHEAD_SECONDS,
      spentUsd: hasUsdQuota ? spentBy(use, nowSeconds) : NO_USD,
      expectedUsd: hasUsdQuota
        ? active.map(runningJob).reduce<readonly number[]>((sum, { endSeconds, placement }) => {
            const usd = usdAhead(fleet, placement, nowSeconds, endSeconds);
            return sum.map((each, h) => each + usd[h]!);
          }, NO_USD)
        : NO_USD,
    };
  };
  return {
    of(name) {
      const standing = known.get(name) ?? standingOf(name);
      known.set(name, standing);
      return standing;
    },
  };
}

/** The same if some running jobs had given their GPUs back. What they were expected to spend stays expected. */
export function tenancyWithout(tenancy: Tenancy, gone: readonly JobState[]): Tenancy {
  const standings = new Map<string, Standing>();
  for (const { epoch, job } of gone) {
    const standing = standings.get(job.tenant) ?? tenancy.of(job.tenant);
    const gpusHeld = standing.gpusHeld - placedGpus(epoch!.placement);
    standings.set(job.tenant, { ...standing, gpusHeld });
  }
  return tenancyWith(tenancy, standings);
}

/** Value of the class of a job on the state's fleet. */
export function classValueOf({ fleet }: Pick<State, "fleet">, { job }: JobState): number {
  return classOf(fleet!, job).value;
}

function spentBy(use: TenantUse, nowSeconds: number): number[] {
  return NO_USD.map((_, h) => usdSince(use, nowSeconds - SECONDS_PER_DAY + h * SECONDS_PER_HOUR));
}

function activeByTenant({ active, jobs }: State): Map<string, JobState[]> {
  const byTenant = new Map<string, JobState[]>();
  for (const id of active) {
    const known = jobs.get(id)!;
    const list = byTenant.get(known.job.tenant);
    if (list) list.push(known);
    else byTenant.set(known.job.tenant, [known]);
  }
  return byTenant;
}
