// Who gives way in a region that has fewer GPUs than jobs hold there: an operator said so, the file, or whoever watches the
// cluster. Not a choice by gain: those GPUs are gone, or about to be, and a job that is told in time writes a checkpoint.
//
// Stopped are the lowest class first, which is what a class is for; of one class those who lose the least, in GPU seconds
// since their last checkpoints (what is lost has to be paid again); of equals the latest placed. Whoever is not needed after
// all is left alone, the last taken first. Jobs that are being stopped anyway are counted as gone.
//
// Only after a minute: a report that the next one takes back has stopped nobody. The executor may be faster; its dead
// launches then are no failure of the job either (verdict.ts).
import type { Placement } from "../fleet/ledger.ts";
import type { Fact } from "./event.ts";
import { movingCost, movingUsd } from "./moving-cost.ts";
import { lostGpuSeconds } from "./preempt.ts";
import { classValueOf } from "./standing.ts";
import { type JobState, type State, stepSecondsSoFar, stepsDone } from "./state.ts";

/** A region must have been short of GPUs for this long. */
export const CAPACITY_GRACE_SECONDS = 60;

export interface GivingWay {
  readonly facts: readonly Extract<Fact, { kind: "replan-requested" }>[];
  /** When a region's grace ends. */
  readonly againSeconds?: number;
}

const NOBODY: GivingWay = { facts: [] };

export function givingWay(state: State, nowSeconds: number): GivingWay {
  const { active, fleet, jobs, ledger, overfullSince } = state;
  if (overfullSince.size === 0) return NOBODY;
  const missing = new Map<number, number>();
  let againSeconds = Number.POSITIVE_INFINITY;
  fleet!.regions.forEach(({ name }, region) => {
    const since = overfullSince.get(name);
    const free = ledger!.freeGpus[region]!;
    if (since === undefined || free >= 0) return;
    if (nowSeconds >= since + CAPACITY_GRACE_SECONDS) missing.set(region, -free);
    else againSeconds = Math.min(againSeconds, since + CAPACITY_GRACE_SECONDS);
  });
  const again = Number.isFinite(againSeconds) ? { againSeconds } : {};
  if (missing.size === 0) return { facts: [], ...again };
  const candidates: JobState[] = [];
  for (const id of active) {
    const known = jobs.get(id)!;
    if (known.phase === "stopping") takeOff(missing, known.epoch!.placement, -1);
    else candidates.push(known);
  }
  const chosen = fewest(missing, inOrder(state, candidates, nowSeconds));
  return { facts: chosen.map((known) => factOf(known, missing, state, nowSeconds)), ...again };
}

function inOrder(state: State, candidates: readonly JobState[], nowSeconds: number): readonly JobState[] {
  return candidates
    .map((known) => ({
      known,
      classValue: classValueOf(state, known),
      lost: lostGpuSeconds(known, nowSeconds),
    }))
    .sort(
      (a, b) =>
        a.classValue - b.classValue || a.lost - b.lost || b.known.epoch!.placedSeq - a.known.epoch!.placedSeq,
    )
    .map(({ known }) => known);
}

/** Those of an order without whom a region would still be short. */
function fewest(missing: ReadonlyMap<number, number>, order: readonly JobState[]): readonly JobState[] {
  const left = new Map(missing);
  const chosen: JobState[] = [];
  for (const known of order) {
    const { placement } = known.epoch!;
    if (!placement.regions.some((region) => (left.get(region) ?? 0) > 0)) continue;
    takeOff(left, placement, -1);
    chosen.push(known);
  }
  for (const known of chosen.toReversed()) {
    const { gpus, regions } = known.epoch!.placement;
    if (regions.some((region, i) => left.has(region) && left.get(region)! + gpus[i]! > 0)) continue;
    takeOff(left, known.epoch!.placement, 1);
    chosen.splice(chosen.indexOf(known), 1);
  }
  return chosen;
}

function takeOff(missing: Map<number, number>, { gpus, regions }: Placement, sign: 1 | -1): void {
  regions.forEach((region, i) => {
    if (missing.has(region)) missing.set(region, missing.get(region)! + sign * gpus[i]!);
  });
}

function factOf(
  known: JobState,
  missing: ReadonlyMap<number, number>,
  { fleet, ledger }: State,
  nowSeconds: number,
): GivingWay["facts"][number] {
  const { epoch, job } = known;
  const { placement } = epoch!;
  const region = placement.regions.find((index) => (missing.get(index) ?? 0) > 0)!;
  const { gpus, name } = fleet!.regions[region]!;
  const cost = movingCost(known, fleet!, stepSecondsSoFar(known));
  return {
    ...{ kind: "replan-requested", jobId: job.id, epoch: epoch!.number },
    why: {
      ...{ trigger: "capacity", action: "move", step: stepsDone(known) },
      ...{ region: name, gpus, heldGpus: gpus - ledger!.freeGpus[region]! },
      ...{ costSeconds: cost.seconds, costUsd: movingUsd(cost, fleet!, placement, placement, nowSeconds) },
    },
  };
}
