// The scheduler's own explanation in words, for every surface that shows it. Nothing is decided or computed a second time
// here; differences between the figures that it lists are all that is added.
import { bitRate, duration, figure, gpus, money } from "../format.ts";
import type { Candidate, Explanation, OverQuota, Rejection } from "./policy.ts";

type Shortage = Extract<Rejection, { constraint: "bandwidth" }>;

export function orderText({ order, policy, position }: Explanation): string {
  switch (order.kind) {
    case "fcfs":
      return `place ${position} by ${policy}: first come, first served`;
    case "shortest":
      return `place ${position} by ${policy}: shortest first, ${duration(order.idealSeconds)} with its best number of GPUs`;
    case "priority": {
      const { alpha, intensity, score, sensitivity } = order;
      const terms =
        `(1−α)(1−I) + α(1−D) with network load α = ${figure(alpha)}, ` +
        `computation I = ${figure(intensity)}, bandwidth need D = ${figure(sensitivity)}`;
      return `place ${position} by ${policy}: priority ${figure(score)} = ${terms}`;
    }
  }
}

/** What else than the fleet keeps it waiting; empty where it is the fleet. */
export function heldText({ blockedBy, depth, overQuota, postponed, reservedFor }: Explanation): string {
  if (overQuota) return overQuotaText(overQuota);
  if (blockedBy) return `by ${blockedBy}: this policy lets nobody pass the first in line`;
  if (reservedFor)
    return `for ${reservedFor}: it has waited longest, and starting this one now would delay it`;
  if (depth !== undefined)
    return `until later: ${depth} jobs before it were looked at in vain, which ends a round of this policy`;
  if (!postponed) return "";
  return postponed.kind === "faster"
    ? "back: GPUs that are about to be free will finish it sooner than starting now"
    : "back: electricity will be cheaper, and its deadline leaves the time";
}

function overQuotaText(over: OverQuota): string {
  if (over.kind === "gpus") {
    const { held, needed, quota, tenant } = over;
    return `back: tenant ${tenant} has ${held} of its ${gpus(quota)}, and the job needs ${needed}`;
  }
  const { expected, needed, quota, spent, tenant } = over;
  return (
    `back: tenant ${tenant} may spend ${money(quota)} in 24 hours; it has spent ${money(spent)}, ` +
    `${money(expected)} are expected of what runs, and the job would add ${money(needed)}`
  );
}

/** What would let a waiting job start, as far as one thing can be named. */
export type Need =
  /** On the path that comes nearest; `regions` is empty where no region has a GPU for it. */
  | { readonly kind: "gpus"; readonly missing: number; readonly regions: readonly string[] }
  /** Of the hop that comes nearest to passing. */
  | {
      readonly kind: "bandwidth";
      readonly from: string;
      readonly to: string;
      readonly neededBitsPerSecond: number;
      readonly residualBitsPerSecond: number;
    }
  | { readonly kind: "quota"; readonly overQuota: OverQuota }
  /** The start of another job, which nobody passes or which has a reservation. */
  | { readonly kind: "turn"; readonly behind: string }
  /** A round of the policy that comes as far as this job. */
  | { readonly kind: "depth"; readonly depth: number }
  | { readonly kind: "time"; readonly because: "faster" | "cheaper"; readonly untilSeconds: number };

/** Empty where a path would do and nothing keeps it back: it would start. */
export function needsOf(why: Explanation): readonly Need[] {
  const { blockedBy, candidates, depth, neededGpus, overQuota, postponed, reservedFor } = why;
  if (overQuota) return [{ kind: "quota", overQuota }];
  const behind = blockedBy ?? reservedFor;
  if (behind !== undefined) return [{ kind: "turn", behind }];
  if (depth !== undefined) return [{ kind: "depth", depth }];
  if (postponed) return [{ kind: "time", because: postponed.kind, untilSeconds: postponed.untilSeconds }];
  if (hasPath(candidates)) return [];
  const nearest = nearestPath(candidates);
  const link = nearestLink(candidates);
  return [
    { kind: "gpus", missing: neededGpus - (nearest?.gpus ?? 0), regions: nearest?.regions ?? [] },
    ...(link
      ? [
          {
            ...({ kind: "bandwidth", from: link.from, to: link.to } as const),
            neededBitsPerSecond: link.neededBitsPerSecond,
            residualBitsPerSecond: link.residualBitsPerSecond,
          },
        ]
      : []),
  ];
}

/** Why a job waits, in one sentence; empty where nothing keeps it. */
export function waitText(why: Explanation): string {
  const held = heldText(why);
  if (held !== "") return `held ${held}`;
  return distanceText(why);
}

/** Of a job that somebody has put on hold. */
export function onHoldText(jobId: string): string {
  return `it is not placed until \`bace release ${jobId}\``;
}

/** Where tenants and priority classes put it; empty where the fleet has none. */
export function precedenceText({ precedence }: Explanation): string {
  if (!precedence) return "";
  const { because, behind, classValue, priorityClass, tenant, weightedGpuSeconds } = precedence;
  const parts = [priorityClass === null ? "no priority class" : `class ${priorityClass} (${classValue})`];
  if (weightedGpuSeconds !== null)
    parts.push(`tenant ${tenant} has used ${duration(weightedGpuSeconds)} of GPU time for its weight`);
  if (behind !== undefined)
    parts.push(
      because === "class"
        ? `behind ${behind}, which is of a higher class`
        : `behind ${behind}, whose tenant has used less of its share`,
    );
  return parts.join("; ");
}

export function candidateText(candidate: Candidate, neededGpus: number): string {
  const { gpus: count, outcome } = candidate;
  switch (outcome) {
    case "chosen":
      return `${gpus(count)}, chosen${worthText(candidate)}`;
    case "not-best":
      return `${gpus(count)}, would do; another is better${worthText(candidate)}`;
    case "too-few-gpus":
      return `${count} of ${gpus(neededGpus)}, ${neededGpus - count} short`;
  }
}

/** What the whole job would take there, where the policy compared it. */
function worthText({ runSeconds, score, usd }: Candidate): string {
  if (runSeconds === undefined || usd === undefined || score === undefined) return "";
  return `: ${duration(runSeconds)} and ${money(usd)} for the whole job, score ${figure(score)}`;
}

export function rejectionText(rejection: Rejection): string {
  switch (rejection.constraint) {
    case "no-free-gpus":
      return rejection.unitGpus === undefined
        ? `not ${rejection.region}: no GPU is free there`
        : `not ${rejection.region}: fewer than the ${rejection.unitGpus} GPUs of a stage are free there`;
    case "single-region":
      return `not beyond ${rejection.region}: this policy keeps a job in one region`;
    case "bandwidth": {
      const { from, neededBitsPerSecond, region, residualBitsPerSecond, to } = rejection;
      const figures = `needs ${bitRate(neededBitsPerSecond)} and has ${bitRate(residualBitsPerSecond)} left`;
      return `not ${region}: the hop ${from} → ${to} ${figures}, ${bitRate(shortOf(rejection))} short`;
    }
  }
}

/** Why a job that ran was stopped to be placed anew: what had changed, and what that was thought to gain. */
export type ReplanWhy = LinkWhy | PriceWhy | CapacityWhy;

/** A link was not what the schedule was chosen for. */
interface LinkWhy {
  /** Absent in logs of versions that knew no other reason. */
  readonly trigger?: "link";
  /** `move`: the policy would place it otherwise. `reschedule`: it keeps its GPUs and gets another schedule. */
  readonly action: "move" | "reschedule";
  /** Last step that was reported. */
  readonly step: number;
  /** Region names, in the direction that was slower. */
  readonly from: string;
  readonly to: string;
  readonly measuredBitsPerSecond: number;
  /** The schedule was chosen for rates between these; null: for any faster one. */
  readonly lowBitsPerSecond: number;
  readonly highBitsPerSecond: number | null;
  /** Predicted, over the steps that were left. */
  readonly gainSeconds: number;
  /** Of stopping and starting again; of the checkpoint's egress what the job runs for as much. */
  readonly costSeconds: number;
  readonly gainUsd?: number | undefined;
  readonly costUsd?: number | undefined;
}

/** Electricity, or carbon where the policy weighs it, had become another one. */
interface PriceWhy extends Figures {
  readonly trigger: "price";
  readonly action: "move";
  readonly step: number;
  /** Region names of the paths. */
  readonly from: readonly string[];
  readonly to: readonly string[];
}

/** Predicted, over the steps that were left. */
interface Figures {
  /** Electricity and traffic; carbon at what the policy pays for it. */
  readonly gainUsd: number;
  readonly costUsd: number;
  /** Below zero where the job takes longer there. */
  readonly gainSeconds: number;
  readonly costSeconds: number;
}

/** A region had fewer GPUs than jobs held there. */
interface CapacityWhy {
  readonly trigger: "capacity";
  readonly action: "move";
  readonly step: number;
  readonly region: string;
  readonly gpus: number;
  readonly heldGpus: number;
  readonly costSeconds: number;
  readonly costUsd: number;
}

/** Why a job stayed where it was though prices had moved. */
export interface StayWhy extends Figures {
  /**
   * `price`: no price could save enough. `policy`: it would place the job nowhere else now, or its checkpoint cannot come
   * there. `gain`: less than it must be. `time`, `deadline`: it would take too long.
   */
  readonly because: "price" | "policy" | "gain" | "time" | "deadline";
  /** Of the steps left, where it is. */
  readonly presentUsd: number;
  /** More could not be saved by prices, wherever it ran. */
  readonly mostUsd: number;
}

export function replanText(why: ReplanWhy): string {
  switch (why.trigger) {
    case "price": {
      const { costSeconds, costUsd, from, gainSeconds, gainUsd, step, to } = why;
      const time =
        gainSeconds < 0
          ? `takes ${duration(-gainSeconds)} longer`
          : `is done ${duration(gainSeconds)} sooner`;
      return (
        `moved at step ${step} for cheaper electricity, ${from.join(" → ")} to ${to.join(" → ")}: ` +
        `gain ${money(gainUsd)} for a cost of ${money(costUsd)}; what was left ${time}, and ${duration(costSeconds)} go for the move`
      );
    }
    case "capacity": {
      const { gpus: there, heldGpus, region, step } = why;
      return `moved at step ${step}: ${region} has ${gpus(there)} left, and jobs held ${heldGpus}`;
    }
    default:
      return linkText(why);
  }
}

function linkText(why: LinkWhy): string {
  const { action, costSeconds, from, gainSeconds, measuredBitsPerSecond, step, to } = why;
  return (
    `${action === "move" ? "moved" : "given another schedule"} at step ${step}: ${from} → ${to} carried ${bitRate(measuredBitsPerSecond)}, ` +
    `the schedule was chosen for ${intervalText(why)}; ` +
    `gain ${duration(gainSeconds)} for a cost of ${duration(costSeconds)}`
  );
}

export function stayText(why: StayWhy): string {
  const { because, costUsd, gainUsd, mostUsd, presentUsd } = why;
  const begin = `Prices moved, and it stays: ${money(presentUsd)} of electricity and traffic are left`;
  const figures = `elsewhere ${money(gainUsd)} less, for a cost of ${money(costUsd)}`;
  switch (because) {
    case "price":
      return `${begin}, of which no place saves more than ${money(Math.max(0, mostUsd))}`;
    case "policy":
      return `${begin}; cheaper places are not to be had now`;
    case "gain":
      return `${begin}; ${figures}, and that must be twice the cost and a twentieth of it`;
    case "time":
      return `${begin}; ${figures}, but what is left would take more than a fifth longer`;
    case "deadline":
      return `${begin}; ${figures}, but it would miss its deadline`;
  }
}

/** "80 Mbit/s to 210 Mbit/s" */
export function intervalText(interval: {
  readonly lowBitsPerSecond: number;
  readonly highBitsPerSecond: number | null;
}): string {
  const { highBitsPerSecond: high, lowBitsPerSecond: low } = interval;
  if (high === null) return low === 0 ? "any rate" : `${bitRate(low)} or more`;
  return low === 0 ? `${bitRate(high)} or less` : `${bitRate(low)} to ${bitRate(high)}`;
}

/** What is missing, at the path that comes nearest. Empty when some path would do. */
export function distanceText({ candidates, neededGpus }: Explanation): string {
  if (hasPath(candidates)) return "";
  const nearest = nearestPath(candidates);
  const short = gpus(neededGpus - (nearest?.gpus ?? 0));
  const where = nearest ? ` on ${nearest.regions.join(" → ")}` : "";
  const link = nearestLink(candidates);
  const links = link
    ? `; the hop nearest to passing, ${link.from} → ${link.to}, is ${bitRate(shortOf(link))} short`
    : "";
  return `${short} short${where}${links}`;
}

function hasPath(candidates: readonly Candidate[]): boolean {
  return candidates.some(({ outcome }) => outcome !== "too-few-gpus");
}

function nearestPath(candidates: readonly Candidate[]): Candidate | undefined {
  return [...candidates].sort((a, b) => b.gpus - a.gpus)[0];
}

function nearestLink(candidates: readonly Candidate[]): Shortage | undefined {
  return shortages(candidates).sort((a, b) => shortOf(a) - shortOf(b))[0];
}

/** Every hop that failed the bandwidth test, on any path. */
export function shortages(candidates: readonly Candidate[]): Shortage[] {
  return candidates
    .flatMap(({ rejections }) => rejections)
    .filter((rejection): rejection is Shortage => rejection.constraint === "bandwidth");
}

function shortOf({ neededBitsPerSecond, residualBitsPerSecond }: Shortage): number {
  return neededBitsPerSecond - residualBitsPerSecond;
}

/**
 * What became of a job, or would, in one line.
 * @param where its placement in words; undefined where it has none
 */
export function headlineText(
  jobId: string,
  kind: "start" | "wait" | "infeasible" | "placed" | "ended",
  where: string | undefined,
): string {
  switch (kind) {
    case "start":
      return `${jobId} would start now: ${where}`;
    case "wait":
      return `${jobId} waits`;
    case "infeasible":
      return `${jobId} is infeasible: this policy would not place it even if the fleet were empty`;
    case "placed":
      return `${jobId} is placed: ${where}`;
    case "ended":
      return `${jobId} has ended${where === undefined ? "" : `; it ran on ${where}`}`;
  }
}
