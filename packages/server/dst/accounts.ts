// Books kept beside the service's: from the events alone, what every job has used. Each epoch holds its GPUs from the event
// that places it to the one that ends its last launch; prices here do not change.
import { busyFacilityWatts, type Event, type Fleet, isActive, type State, valueAt } from "@bace-pipe/core";
import { Violation } from "./invariants.ts";

const JOULES_PER_KWH = 3.6e6;
const LARGEST_ERROR = 1e-9;

interface Holding {
  readonly fromSeconds: number;
  readonly gpus: readonly (readonly [region: number, gpus: number])[];
}

export interface Accounts {
  /** To be called with every event that is durable, and with the state after it. */
  enter(event: Event, state: State): void;
  check(state: State): void;
}

export function createAccounts(fleet: Fleet): Accounts {
  const held = new Map<string, Holding>();
  const used = new Map<string, { gpuSeconds: number; usd: number }>();

  const close = (jobId: string, { fromSeconds, gpus }: Holding, toSeconds: number): void => {
    const sum = used.get(jobId) ?? { gpuSeconds: 0, usd: 0 };
    used.set(jobId, sum);
    for (const [index, count] of gpus) {
      const region = fleet.regions[index]!;
      const joules = count * busyFacilityWatts(region) * (toSeconds - fromSeconds);
      sum.gpuSeconds += count * (toSeconds - fromSeconds);
      sum.usd += (joules / JOULES_PER_KWH) * valueAt(region.tariff, fromSeconds);
    }
  };

  return {
    enter(event, { active, jobs }) {
      if (event.kind === "placed" && active.has(event.jobId) && !held.has(event.jobId)) {
        const { gpus, regions } = event.placement;
        held.set(event.jobId, {
          fromSeconds: event.atSeconds,
          gpus: regions.map((region, i) => [region, gpus[i]!]),
        });
      }
      for (const [jobId, holding] of held) {
        if (isActive(jobs.get(jobId)!.phase)) continue;
        close(jobId, holding, event.atSeconds);
        held.delete(jobId);
      }
    },
    check({ jobs }) {
      for (const { electricityUsd, gpuSeconds, job } of jobs.values()) {
        const own = used.get(job.id) ?? { gpuSeconds: 0, usd: 0 };
        compare(`${job.id}: GPU seconds`, gpuSeconds, own.gpuSeconds);
        compare(`${job.id}: USD`, electricityUsd, own.usd);
      }
    },
  };
}

function compare(what: string, said: number, own: number): void {
  if (Math.abs(said - own) > LARGEST_ERROR * Math.max(1, Math.abs(own)))
    throw new Violation(`${what}: the ledger says ${said}, its intervals add up to ${own}`);
}
