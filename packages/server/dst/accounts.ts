// Books kept beside the service's: from the events alone, what every job has used. Each epoch holds its GPUs from the event
// that places it to the one that ends its last launch, and pays for every interval between two events by the figures that
// were in force then.
import { busyFacilityWatts, type Event, type Fleet, integral, type State } from "@bace-pipe/core";
import { Violation } from "./invariants.ts";

const JOULES_PER_KWH = 3.6e6;
const LARGEST_ERROR = 1e-9;

interface Used {
  gpuSeconds: number;
  usd: number;
}

export interface Accounts {
  /** To be called before an event is folded into the state. */
  before(event: Event, state: State): void;
  check(state: State): void;
}

export function createAccounts(): Accounts {
  const used = new Map<string, Used>();
  return {
    before({ atSeconds }, { active, fleet, jobs, nowSeconds }) {
      for (const jobId of active) {
        const { gpus, regions } = jobs.get(jobId)!.epoch!.placement;
        const sum = used.get(jobId) ?? { gpuSeconds: 0, usd: 0 };
        used.set(jobId, sum);
        regions.forEach((region, i) => {
          sum.gpuSeconds += gpus[i]! * (atSeconds - nowSeconds);
          sum.usd += gpus[i]! * usdOf(fleet!, region, nowSeconds, atSeconds);
        });
      }
    },
    check({ active, fleet, jobs, tenants }) {
      if (fleet?.tenants) {
        // Of the last 25 hours, which is longer than a run: all that its jobs have paid.
        const paid = new Map<string, number>();
        for (const { electricityUsd, epoch, job } of jobs.values()) {
          const live = active.has(job.id) ? (epoch!.spent?.electricityUsd ?? 0) : 0;
          paid.set(job.tenant, (paid.get(job.tenant) ?? 0) + electricityUsd + live);
        }
        for (const [tenant, usd] of paid) {
          const entered = tenants.get(tenant)?.usdByHour ?? [];
          compare(
            `${tenant}: USD`,
            entered.reduce((sum, [, each]) => sum + each, 0),
            usd,
          );
        }
      }
      for (const { electricityUsd, gpuSeconds, job } of jobs.values()) {
        if (active.has(job.id)) continue; // its account is open
        const own = used.get(job.id) ?? { gpuSeconds: 0, usd: 0 };
        compare(`${job.id}: GPU seconds`, gpuSeconds, own.gpuSeconds);
        compare(`${job.id}: USD`, electricityUsd, own.usd);
      }
    },
  };
}

/** Of one busy GPU. */
function usdOf({ regions }: Fleet, index: number, fromSeconds: number, toSeconds: number): number {
  const region = regions[index]!;
  return (busyFacilityWatts(region) * integral(region.tariff, fromSeconds, toSeconds)) / JOULES_PER_KWH;
}

function compare(what: string, said: number, own: number): void {
  if (Math.abs(said - own) > LARGEST_ERROR * Math.max(1, Math.abs(own)))
    throw new Violation(`${what}: the ledger says ${said}, its intervals add up to ${own}`);
}
