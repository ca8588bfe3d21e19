// When a job that could start now does better later.
import { idealIterationSeconds } from "../../cost/gpu-count.ts";
import type { Job } from "../../cost/job.ts";
import type { Placement } from "../../fleet/ledger.ts";
import { SECONDS_PER_HOUR } from "../../units.ts";
import type { View } from "../policy.ts";
import type { Postponed, SearchContext } from "../round.ts";
import { commonestGpu, idealOf } from "../target.ts";
import { futuresOf } from "./futures.ts";
import type { PlusOptions } from "./options.ts";
import { searchPlus } from "./search.ts";
import type { Valuer, Worth } from "./value.ts";

/** Of those that pool enough GPUs, so many are asked what the network makes of them. */
const ASKED = 4;
/** A cheaper hour must save this share of the run's cost to be worth waiting for. */
const LEAST_SAVING = 0.2;
/** A prediction may be this much too short, and the deadline must still be met. */
const DEADLINE_MARGIN = 1.2;

/** GPUs that are about to be free would finish the job sooner than starting now on what there is. */
export function fasterLater(
  job: Job,
  { runSeconds }: Worth,
  context: SearchContext,
  options: PlusOptions,
): Postponed | undefined {
  const { ledger, view } = context;
  const { waitGain } = options;
  if (waitGain <= 0) return undefined;
  const { fleet } = ledger;
  const ideal = idealOf(job, fleet);
  const idealSeconds = job.iterations * ideal.bestSeconds;
  if (runSeconds <= waitGain * idealSeconds) return undefined; // no release could gain enough
  const gpu = commonestGpu(fleet);
  const alike = fleet.regions.every(({ gpuType }) => gpuType === gpu);
  let asked = 0;
  for (const { endSeconds, free, future, mostFree } of futuresOf(ledger, view)) {
    const waitSeconds = endSeconds - view.nowSeconds;
    if ((waitSeconds + idealSeconds) * waitGain >= runSeconds) return undefined; // and later ones even less
    const gpus = ideal.counts.findLast((count) => count <= Math.min(ideal.bestGpus, free));
    if (gpus === undefined) continue;
    const finishedSeconds = waitSeconds + job.iterations * idealIterationSeconds(job, gpu, gpus);
    if (finishedSeconds * waitGain >= runSeconds) continue;
    const postponed: Postponed = {
      why: { kind: "faster", untilSeconds: endSeconds },
      untilSeconds: endSeconds,
    };
    if (alike && mostFree >= gpus) return postponed; // in one region nothing is lost to communication
    if (++asked > ASKED) return undefined;
    const { worth } = searchPlus(job, { ...context, ledger: future() }, options);
    if (worth && (waitSeconds + worth.runSeconds) * waitGain < runSeconds) return postponed;
  }
  return undefined;
}

/** The start within the deadline at which the same placement costs least, if that is not now. */
export function cheaperLater(
  job: Job,
  placement: Placement,
  { runSeconds, usd }: Worth,
  view: View,
  valuer: Valuer,
): Postponed | undefined {
  if (job.deadlineSeconds === undefined) return undefined;
  const { nowSeconds } = view;
  const latestSeconds = job.submitSeconds + job.deadlineSeconds - DEADLINE_MARGIN * runSeconds;
  let best = { atSeconds: nowSeconds, usd };
  const nextHour = (Math.floor(nowSeconds / SECONDS_PER_HOUR) + 1) * SECONDS_PER_HOUR;
  for (let at = nextHour; at <= latestSeconds; at += SECONDS_PER_HOUR) {
    const then = valuer.worth(placement, runSeconds, at).usd;
    if (then < best.usd) best = { atSeconds: at, usd: then };
  }
  if (best.usd >= usd - LEAST_SAVING * Math.abs(usd)) return undefined;
  // Looked at again every hour: prices become known, GPUs become free.
  const why = { kind: "cheaper" as const, untilSeconds: best.atSeconds };
  return { why, untilSeconds: Math.min(best.atSeconds, nextHour) };
}
