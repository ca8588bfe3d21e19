// An epoch from its placement to its end: what is reserved when it begins and given back, with its account, when the last
// of its launches is over. Whatever stops an epoch goes through `giveUp`.
import { holdAnyway, placedGpus, release, reserve, residualBitsPerSecond } from "../../fleet/ledger.ts";
import { enterUse, epochFootprint } from "../accounts.ts";
import { recordsAfter } from "../epoch-record.ts";
import { hasLostGpus } from "../overfull.ts";
import { type Epoch, isActive, type JobState } from "../state.ts";
import { backoffSeconds, failuresOf, verdictOf, weighsMore } from "../verdict.ts";
import { type MutableState, type Of, put } from "./mutable.ts";

export function place(state: MutableState, current: JobState, event: Of<"placed">): JobState {
  if (current.phase !== "queued" || event.epoch !== current.epochs + 1) return current;
  reserve(state.ledger!, event.placement);
  const regionName = (region: number) => state.fleet!.regions[region]!.name;
  const epoch: Epoch = {
    number: event.epoch,
    placement: event.placement,
    launchKey: event.launchKey,
    predictedIterationSeconds: event.predictedIterationSeconds,
    why: event.why,
    ...(event.chosenFor ? { chosenFor: event.chosenFor } : {}),
    ...(current.committedStep === undefined ? {} : { fromStep: current.committedStep }),
    ...(current.blockRatio === undefined ? {} : { blockRatio: current.blockRatio }),
    placedSeconds: state.nowSeconds,
    placedSeq: event.seq,
    launches: Object.fromEntries(event.placement.regions.map((r) => [regionName(r), { kind: "submitted" }])),
  };
  const { reason: _reason, progress: _progress, ...rest } = current;
  return { ...rest, phase: "starting", epochs: event.epoch, epoch };
}

/** More only where there is room for it: the ledger may be another one than when it was decided. */
export function reserveOtherwise(
  state: MutableState,
  current: JobState,
  { hopBitsPerSecond }: Of<"reservation-changed">,
): JobState {
  const epoch = current.epoch!;
  const { placement, plannedBitsPerSecond = placement.hopBitsPerSecond } = epoch;
  const { hopBitsPerSecond: held, regions } = placement;
  const fits = held.every((now, hop) => {
    const more = hopBitsPerSecond[hop]! - now;
    return more <= 0 || residualBitsPerSecond(state.ledger!, regions[hop]!, regions[hop + 1]!) >= more;
  });
  if (hopBitsPerSecond.length !== held.length || !fits) return current;
  const changed = { ...placement, hopBitsPerSecond };
  release(state.ledger!, placement);
  holdAnyway(state.ledger!, changed);
  const reservedSeconds = state.nowSeconds;
  return { ...current, epoch: { ...epoch, placement: changed, plannedBitsPerSecond, reservedSeconds } };
}

export function cancel(state: MutableState, current: JobState): JobState {
  if (current.phase === "ended") return current;
  if (isActive(current.phase)) return giveUp(state, current, { reason: "cancelled", next: "cancel" });
  return { ...current, phase: "ended", outcome: { kind: "cancelled" }, endedSeconds: state.nowSeconds };
}

export function hold(state: MutableState, current: JobState): JobState {
  if (current.phase === "ended" || current.held) return current;
  const held: JobState = { ...current, held: true };
  if (!isActive(held.phase)) return held;
  return giveUp(state, held, { reason: "held", next: "requeue", excused: "held" });
}

export function drain(state: MutableState, region: string): void {
  const index = state.fleet!.regions.findIndex(({ name }) => name === region);
  for (const id of [...state.active]) {
    const known = state.jobs.get(id)!;
    if (!known.epoch!.placement.regions.includes(index)) continue;
    const reason = `${region} is being drained`;
    put(state, giveUp(state, known, { reason, next: "requeue", excused: "drained" }));
  }
}

/** Stops an epoch, or replaces the reason for which it is being stopped. */
export function giveUp(
  state: MutableState,
  current: JobState,
  givenUp: NonNullable<Epoch["givenUp"]>,
): JobState {
  const epoch = current.epoch!;
  if (!weighsMore(givenUp, epoch.givenUp)) return current;
  return settle(state, {
    ...current,
    phase: "stopping",
    reason: givenUp.reason,
    epoch: { ...epoch, givenUp },
  });
}

/** Follows the launches of the live epoch: has one failed, are all over? */
export function settle(state: MutableState, current: JobState): JobState {
  const verdict = verdictOf(current, hasLostGpus(state, current.epoch!.placement));
  if (verdict.kind === "goes-on") return current;
  if (verdict.kind === "give-up") return giveUp(state, current, verdict.givenUp);
  const { placement, placedSeconds } = current.epoch!;
  const nowSeconds = state.nowSeconds;
  release(state.ledger!, placement);
  enterUse(state.tenants, current, state.fleet!, nowSeconds);
  const used = epochFootprint(current.epoch!, state.fleet!, nowSeconds);
  const paid: JobState = {
    ...current,
    ...recordsAfter(current),
    electricityUsd: current.electricityUsd + used.electricityUsd,
    energyKwh: current.energyKwh + used.energyKwh,
    carbonGrams: current.carbonGrams + used.carbonGrams,
    gpuSeconds: current.gpuSeconds + placedGpus(placement) * (nowSeconds - placedSeconds),
  };
  if (verdict.kind === "requeue") {
    const { by, excused } = current.epoch!.givenUp!;
    const { excusedEpochs = 0 } = current;
    const queued: JobState = {
      ...paid,
      ...(excused ? { excusedEpochs: excusedEpochs + 1 } : {}),
      phase: "queued",
    };
    const isOurs = excused !== undefined && (excused !== "preempted" || by !== undefined);
    const pauseSeconds = isOurs ? 0 : backoffSeconds(failuresOf(queued));
    return { ...queued, notBeforeSeconds: nowSeconds + pauseSeconds };
  }
  return { ...paid, phase: "ended", outcome: verdict.outcome, endedSeconds: nowSeconds };
}
