// What comes before a policy's own order: the class of a job, then whose turn it is.
//
// Among jobs of a class, tenants take turns by weighted fair queueing: a job's tag is what its tenant has used, with an hour
// of GPUs for each job of the tenant that runs or comes before it, over the tenant's weight; the least tag is tried first.
// Within a tenant the policy's order stays. The hour in advance makes tenants alternate within a round and before time has
// passed; what they really use takes its place as it is used.
import type { Job } from "../cost/job.ts";
import { totalGpus } from "../fleet/fleet.ts";
import { classOf } from "../fleet/tenancy.ts";
import { bySubmission, type Ranking } from "./order.ts";
import type { Precedence, View } from "./policy.ts";
import { idealOf } from "./target.ts";
import { AHEAD_SECONDS } from "./tenancy.ts";

interface Place {
  readonly job: Job;
  readonly classValue: number;
  /** In the policy's own order. */
  readonly own: number;
  readonly tag: number;
  /** By its tenant, over the tenant's weight; null without tenants. */
  readonly used: number | null;
}

type Overtaker = Pick<Precedence, "behind" | "because">;

/** @param jobs all that will be ranked. */
export function inPrecedence(base: Ranking, jobs: readonly Job[], view: View): Ranking {
  if (!view.tenancy) return base;
  const places = placesOf(base, jobs, view);
  const order = new Map(places.map(({ job }, i) => [job.id, i]));
  /** The last one passed by somebody whom the policy alone would have tried later. */
  let overtaking: Map<string, Overtaker> | undefined;
  return {
    rank: ({ id }) => order.get(id)!,
    terms: base.terms,
    precedence(job) {
      overtaking ??= overtakers(places);
      const place = places[order.get(job.id)!]!;
      const behind = overtaking.get(job.id);
      return {
        tenant: job.tenant,
        priorityClass: job.priorityClass ?? null,
        classValue: place.classValue,
        weightedGpuSeconds: place.used,
        ...behind,
      };
    },
  };
}

const topClasses = new WeakMap<View, number>();

/** Whether no queued job is of a higher class: what a policy does for jobs that waited too long, it does within a class. */
export function isOfTopClass(job: Job, view: View): boolean {
  if (!view.tenancy) return true;
  const { fleet } = view.ledger;
  let top = topClasses.get(view);
  if (top === undefined) {
    top = view.queue.reduce((most, each) => Math.max(most, classOf(fleet, each).value), -Infinity);
    topClasses.set(view, top);
  }
  return classOf(fleet, job).value >= top;
}

/** In the order in which they are tried. */
function placesOf(base: Ranking, jobs: readonly Job[], { ledger, tenancy }: View): Place[] {
  const { fleet } = ledger;
  const ranks = new Map(jobs.map((job) => [job, base.rank(job)]));
  const inOwnOrder = [...jobs].sort((a, b) => ranks.get(a)! - ranks.get(b)! || bySubmission(a, b));
  const byClass = inOwnOrder
    .map((job, own) => ({ job, own, classValue: classOf(fleet, job).value }))
    .sort((a, b) => b.classValue - a.classValue || a.own - b.own);
  const most = totalGpus(fleet);
  const ahead = new Map<string, number>();
  return byClass
    .map((place): Place => {
      if (!fleet.tenants) return { ...place, tag: 0, used: null };
      const { job } = place;
      const { tenant, usedGpuSeconds } = tenancy!.of(job.tenant);
      const before = ahead.get(job.tenant) ?? 0;
      const gpus = Math.min(most, job.maxGpus, idealOf(job, fleet).bestGpus);
      ahead.set(job.tenant, before + gpus * AHEAD_SECONDS);
      const used = usedGpuSeconds / tenant.weight;
      return { ...place, used, tag: used + before / tenant.weight };
    })
    .sort((a, b) => b.classValue - a.classValue || a.tag - b.tag || a.own - b.own);
}

function overtakers(places: readonly Place[]): Map<string, Overtaker> {
  const found = new Map<string, Overtaker>();
  /** Those so far who come after everybody before them in the policy's own order: the last of them is the furthest back. */
  let last: Place | undefined;
  for (const place of places) {
    if (last && last.own > place.own) {
      const because = last.classValue > place.classValue ? "class" : "share";
      found.set(place.job.id, { behind: last.job.id, because });
    }
    if (!last || place.own > last.own) last = place;
  }
  return found;
}
