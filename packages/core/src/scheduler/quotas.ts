// Quotas around any policy: it decides about jobs that are within their tenants' quotas, with no more GPUs than a quota
// leaves, and its starts are counted one by one. A start that would exceed a quota is taken back and the policy asked again
// without that job. Without tenants and classes the policy's own answer is the answer, bit for bit.
import type { Job } from "../cost/job.ts";
import { unitGpusOf } from "../cost/unit.ts";
import type { Fleet } from "../fleet/fleet.ts";
import { copyLedger, placedGpus, reserve } from "../fleet/ledger.ts";
import { SECONDS_PER_HOUR } from "../units.ts";
import type { Decision, OverQuota, Policy, Round, RunningJob, View } from "./policy.ts";
import { leastCount } from "./target.ts";
import {
  exhausted,
  hasUsdQuota,
  overQuotaBy,
  type Standing,
  type Tenancy,
  tenancyWith,
  usdAhead,
  withStart,
} from "./tenancy.ts";

/** Starts of one tenant that a round takes back at most, as a round of `bace-plus` looks at so many in vain. */
const MOST_TAKEN_BACK = 20;

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
  const admission = createAdmission(view, tenancy);
  const { capped, overQuota, started } = admission;
  for (;;) {
    const asked = admission.view();
    const round: Round = everyone ? { decisions: policy.explain(asked) } : policy.decide(asked);
    if (!admission.count(asked.queue, round.decisions)) continue;
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
      ...reconsideredBy(round.reconsiderAtSeconds, overQuota, tenancy, view.nowSeconds),
    };
  }
}

/** The books of one round: what was started in it, and who may start no more. */
interface Admission {
  readonly started: readonly Decision[];
  readonly overQuota: ReadonlyMap<string, OverQuota>;
  /** Ids of jobs that were shown with fewer GPUs than they ask for. */
  readonly capped: ReadonlySet<string>;
  /** Jobs that may start, on what the starts so far have left. */
  view(): View;
  /** Counts starts one by one. False: one was taken back, and those behind it are not counted. */
  count(queue: readonly Job[], decisions: readonly Decision[]): boolean;
}

function createAdmission(view: View, tenancy: Tenancy): Admission {
  const { nowSeconds } = view;
  const { fleet } = view.ledger;
  const ledger = copyLedger(view.ledger);
  const standings = new Map<string, Standing>();
  const overQuota = new Map<string, OverQuota>();
  const takenBack = new Map<string, number>();
  const capped = new Set<string>();
  const started: Decision[] = [];
  const running: RunningJob[] = [];
  const standingOf = (job: Job) => standings.get(job.tenant) ?? tenancy.of(job.tenant);
  let left = view.queue;

  /** As its tenant's quotas let it start; undefined if they do not. */
  const admitted = (job: Job): Job | undefined => {
    if (overQuota.has(job.id)) return undefined;
    const standing = standingOf(job);
    const { gpuQuota: quota, name } = standing.tenant;
    const spend = exhausted(standing);
    if (spend) overQuota.set(job.id, spend);
    if (spend || quota === undefined) return spend ? undefined : job;
    const held = standing.gpusHeld;
    const within = cappedJob(job, Math.max(0, quota - held), fleet);
    if (typeof within === "number") {
      overQuota.set(job.id, { kind: "gpus", tenant: name, quota, held, needed: within });
      return undefined;
    }
    if (within !== job) capped.add(job.id);
    return within;
  };

  const takeBack = (job: Job, over: OverQuota): void => {
    const count = (takenBack.get(job.tenant) ?? 0) + 1;
    takenBack.set(job.tenant, count);
    // GPUs that others have taken meanwhile: the next pass gives the job what is left, or says that it is over its quota.
    if (over.kind === "usd-per-day") overQuota.set(job.id, over);
    if (count < MOST_TAKEN_BACK) return;
    for (const each of left) if (each.tenant === job.tenant) overQuota.set(each.id, over);
  };

  return {
    started,
    overQuota,
    capped,
    view: () => ({
      ...view,
      queue: left.flatMap((job) => admitted(job) ?? []),
      ledger: copyLedger(ledger),
      activeJobs: view.activeJobs + started.length,
      running: () => [...view.running(), ...running],
      tenancy: tenancyWith(tenancy, standings),
    }),
    count(queue, decisions) {
      const jobs = new Map(queue.map((job) => [job.id, job]));
      for (const decision of decisions) {
        if (decision.kind !== "start") continue;
        const { jobId, placement } = decision;
        const job = jobs.get(jobId)!;
        const endSeconds = nowSeconds + view.runSeconds(job, placement);
        const standing = standingOf(job);
        const usd = hasUsdQuota(standing) ? usdAhead(fleet, placement, nowSeconds, endSeconds) : undefined;
        const over = overQuotaBy(standing, placedGpus(placement), usd);
        if (over) {
          takeBack(job, over);
          const gone = new Set(started.map((start) => start.jobId));
          left = left.filter(({ id }) => !gone.has(id));
          return false;
        }
        standings.set(job.tenant, withStart(standing, placedGpus(placement), usd));
        reserve(ledger, placement);
        started.push(decision);
        running.push({ jobId, placement, endSeconds });
      }
      return true;
    },
  };
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
