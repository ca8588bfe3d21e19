// Quotas around any policy: it decides about jobs that are within their tenants' quotas, with no more GPUs than a quota
// leaves, and its starts are counted one by one. A start that would exceed a quota is taken back and the policy asked again
// without that job. Without tenants and classes the policy's own answer is the answer, bit for bit.
//
// A quota in USD is of every window of 24 hours, those to come included: for each of the next 24 hours, what was spent in the
// part that is past of a window that ends within it, what running jobs are expected to spend until its end, and what the job
// would. Windows are of whole hours, so that up to two hours' worth of a quota cannot be used. Nothing is started that would
// exceed one, by prices and run times as they are known then. What runs is never stopped for it: a price that rises, or a job
// that takes longer than predicted, may exceed it, and the tenant then starts nothing until its windows have room again.
import type { Job } from "../cost/job.ts";
import { placementFootprint } from "../cost/money.ts";
import { unitGpusOf } from "../cost/unit.ts";
import type { Fleet } from "../fleet/fleet.ts";
import { copyLedger, type Placement, placedGpus, reserve } from "../fleet/ledger.ts";
import type { Tenant } from "../fleet/tenancy.ts";
import { SECONDS_PER_HOUR } from "../units.ts";
import type { Decision, OverQuota, Policy, Round, RunningJob, View } from "./policy.ts";
import { leastCount } from "./target.ts";

/** A job that runs, or is about to, counts as so much use of its GPUs in advance. */
export const AHEAD_SECONDS = SECONDS_PER_HOUR;
/** Starts of one tenant that a round takes back at most, as a round of `bace-plus` looks at so many in vain. */
const MOST_TAKEN_BACK = 20;
export const HOURS_OF_A_DAY = 24;

export interface Standing {
  readonly tenant: Tenant;
  readonly gpusHeld: number;
  /** Faded, and with what counts in advance. */
  readonly usedGpuSeconds: number;
  /** By h = 0 … 24: spent since 24 − h hours ago. Only of tenants with a quota in USD. */
  readonly spentUsd: readonly number[];
  /** By h: expected of what runs, in the next h hours. */
  readonly expectedUsd: readonly number[];
}

export interface Tenancy {
  of(tenant: string): Standing;
}

/** USD of a placement in the next 0, 1, … 24 hours, if it ends at a given time. */
export function usdAhead(
  fleet: Fleet,
  placement: Placement,
  nowSeconds: number,
  endSeconds: number,
): number[] {
  const usd = [0];
  for (let h = 1; h <= HOURS_OF_A_DAY; h++) {
    const from = Math.min(endSeconds, nowSeconds + (h - 1) * SECONDS_PER_HOUR);
    const to = Math.min(endSeconds, nowSeconds + h * SECONDS_PER_HOUR);
    usd.push(usd[h - 1]! + (to > from ? placementFootprint(fleet, placement, from, to).electricityUsd : 0));
  }
  return usd;
}

/** After a start, or with a job gone that held so many GPUs. */
export function withStart(
  standing: Standing,
  gpus: number,
  usd: readonly number[] = standing.expectedUsd.map(() => 0),
): Standing {
  return {
    ...standing,
    gpusHeld: standing.gpusHeld + gpus,
    usedGpuSeconds: standing.usedGpuSeconds + gpus * AHEAD_SECONDS,
    expectedUsd: standing.expectedUsd.map((known, h) => known + usd[h]!),
  };
}

/** Standings that differ for some tenants. */
export function tenancyWith(tenancy: Tenancy, changed: ReadonlyMap<string, Standing>): Tenancy {
  return { of: (tenant) => changed.get(tenant) ?? tenancy.of(tenant) };
}

export function withinQuotas(policy: Policy): Policy {
  return {
    ...policy,
    decide(view) {
      if (!view.tenancy) return policy.decide(view);
      const { decisions, reconsiderAtSeconds } = roundWithin(policy, view, view.tenancy, false);
      return { decisions, ...(reconsiderAtSeconds === undefined ? {} : { reconsiderAtSeconds }) };
    },
    explain(view) {
      if (!view.tenancy) return policy.explain(view);
      const { decisions, overQuota } = roundWithin(policy, view, view.tenancy, true);
      const decided = new Map(decisions.map((decision) => [decision.jobId, decision]));
      return policy.explain(view).map(({ jobId, why }): Decision => {
        const own = decided.get(jobId);
        const { position, precedence } = why;
        if (own) return { ...own, why: { ...own.why, position, precedence } };
        return { kind: "wait", jobId, why: { ...why, overQuota: overQuota.get(jobId) } };
      });
    },
  };
}

interface RoundWithin extends Round {
  readonly overQuota: ReadonlyMap<string, OverQuota>;
}

function roundWithin(policy: Policy, view: View, tenancy: Tenancy, everyone: boolean): RoundWithin {
  const { nowSeconds } = view;
  const { fleet } = view.ledger;
  const ledger = copyLedger(view.ledger);
  const standings = new Map<string, Standing>();
  const overQuota = new Map<string, OverQuota>();
  const takenBack = new Map<string, number>();
  const started: Decision[] = [];
  const running: RunningJob[] = [];
  const standingOf = (job: Job) => standings.get(job.tenant) ?? tenancy.of(job.tenant);
  const capped = new Set<string>();
  let left = view.queue;

  const admissible = (): Job[] =>
    left.flatMap((job) => {
      if (overQuota.has(job.id)) return [];
      const { gpusHeld, tenant } = standingOf(job);
      const spend = exhausted(standingOf(job));
      if (spend) overQuota.set(job.id, spend);
      if (spend || tenant.gpuQuota === undefined) return spend ? [] : [job];
      const within = cappedJob(job, Math.max(0, tenant.gpuQuota - gpusHeld), fleet);
      if (typeof within === "number") {
        const { gpuQuota: quota, name } = tenant;
        overQuota.set(job.id, { kind: "gpus", tenant: name, quota, held: gpusHeld, needed: within });
        return [];
      }
      if (within !== job) capped.add(job.id);
      return [within];
    });

  for (;;) {
    const queue = admissible();
    const asked: View = {
      ...view,
      queue,
      ledger: copyLedger(ledger),
      activeJobs: view.activeJobs + started.length,
      running: () => [...view.running(), ...running],
      tenancy: tenancyWith(tenancy, standings),
    };
    const round: Round = everyone ? { decisions: policy.explain(asked) } : policy.decide(asked);
    const jobs = new Map(queue.map((job) => [job.id, job]));
    let exceeded: string | undefined;
    for (const decision of round.decisions) {
      if (decision.kind !== "start") continue;
      const job = jobs.get(decision.jobId)!;
      const { placement } = decision;
      const endSeconds = nowSeconds + view.runSeconds(job, placement);
      const standing = standingOf(job);
      const usd = hasUsdQuota(standing) ? usdAhead(fleet, placement, nowSeconds, endSeconds) : undefined;
      const over = overQuotaBy(standing, placedGpus(placement), usd);
      if (over) {
        exceeded = job.id;
        takeBack(job, over);
        break;
      }
      standings.set(job.tenant, withStart(standing, placedGpus(placement), usd));
      reserve(ledger, placement);
      started.push(decision);
      running.push({ jobId: job.id, placement, endSeconds });
    }
    const gone = new Set(started.map(({ jobId }) => jobId));
    if (exceeded !== undefined) {
      left = left.filter(({ id }) => !gone.has(id));
      continue;
    }
    const others = round.decisions.filter(({ kind }) => kind !== "start");
    return {
      // What does not fit with a quota's rest may fit without: it is never infeasible for that.
      decisions: [
        ...started,
        ...others.flatMap((decision): Decision[] => {
          if (decision.kind !== "infeasible" || !capped.has(decision.jobId)) return [decision];
          return everyone ? [{ ...decision, kind: "wait" }] : [];
        }),
      ],
      overQuota,
      ...reconsideredBy(round.reconsiderAtSeconds, overQuota, tenancy, nowSeconds),
    };
  }

  function takeBack(job: Job, over: OverQuota): void {
    const count = (takenBack.get(job.tenant) ?? 0) + 1;
    takenBack.set(job.tenant, count);
    // GPUs that others have taken meanwhile: the next pass gives the job what is left, or says that it is over its quota.
    if (over.kind === "usd-per-day") overQuota.set(job.id, over);
    if (count < MOST_TAKEN_BACK) return;
    for (const each of left) if (each.tenant === job.tenant) overQuota.set(each.id, over);
  }
}

/** Of money that was spent lately the next whole hour gives some back; nobody waits for what time does not bring. */
function reconsideredBy(
  own: number | undefined,
  overQuota: ReadonlyMap<string, OverQuota>,
  tenancy: Tenancy,
  nowSeconds: number,
): Pick<Round, "reconsiderAtSeconds"> {
  const isWaiting = [...overQuota.values()].some(
    ({ kind, tenant }) => kind === "usd-per-day" && tenancy.of(tenant).spentUsd[0]! > 0,
  );
  const hour = (Math.floor(nowSeconds / SECONDS_PER_HOUR) + 1) * SECONDS_PER_HOUR;
  const next = isWaiting ? Math.min(own ?? hour, hour) : own;
  return next === undefined ? {} : { reconsiderAtSeconds: next };
}

const cappedJobs = new WeakMap<Job, { readonly fleet: Fleet; readonly gpus: number; readonly job: Job }>();

/** The job with so many GPUs at most, whole units of it; or the number that it needs, if that is more. */
function cappedJob(job: Job, most: number, fleet: Fleet): Job | number {
  const unitGpus = unitGpusOf(job);
  const gpus = Math.floor(most / unitGpus) * unitGpus;
  if (gpus >= job.maxGpus) return job;
  const needed = leastCount(job, fleet) ?? job.minGpus;
  if (needed > gpus) return needed;
  const known = cappedJobs.get(job);
  if (known?.gpus === gpus && known.fleet === fleet) return known.job;
  const value = { ...job, maxGpus: gpus };
  cappedJobs.set(job, { fleet, gpus, job: value });
  return value;
}

function hasUsdQuota({ tenant }: Standing): boolean {
  return tenant.usdPerDayQuota !== undefined;
}

/** Whether there is nothing left of the money, whatever the job. */
function exhausted(standing: Standing): OverQuota | undefined {
  return hasUsdQuota(standing)
    ? overQuotaBy(
        standing,
        0,
        standing.expectedUsd.map(() => 0),
      )
    : undefined;
}

function overQuotaBy(
  { expectedUsd, gpusHeld, spentUsd, tenant }: Standing,
  gpus: number,
  usd: readonly number[] | undefined,
): OverQuota | undefined {
  const { gpuQuota, name, usdPerDayQuota } = tenant;
  if (gpuQuota !== undefined && gpusHeld + gpus > gpuQuota)
    return { kind: "gpus", tenant: name, quota: gpuQuota, held: gpusHeld, needed: gpus };
  if (usdPerDayQuota === undefined || !usd) return undefined;
  for (let h = 0; h <= HOURS_OF_A_DAY; h++) {
    const [spent, expected, needed] = [spentUsd[Math.max(0, h - 1)]!, expectedUsd[h]!, usd[h]!];
    if (spent + expected + needed > usdPerDayQuota)
      return { kind: "usd-per-day", tenant: name, quota: usdPerDayQuota, spent, expected, needed };
  }
  return undefined;
}
