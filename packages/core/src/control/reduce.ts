// reduce(state, event) → state: deterministic, and total over logs that this program wrote. Facts are never rejected;
// what no longer applies (an old epoch, a job that is not known, a step seen before) changes nothing but `seq`. A gap in
// `seq`, or a placement beyond capacity, is no fact but a broken log, and throws.
//
// The state is consumed: its maps and ledger are updated in place and must not be used afterwards other than through
// the value returned. A log of a million events then costs a million small steps and not a million copies.
import { type Fleet, topologyOf } from "../fleet/fleet.ts";
import { holdAnyway, type Ledger, openLedger, placedGpus, release, reserve } from "../fleet/ledger.ts";
import { replanText } from "../scheduler/explain.ts";
import { costsOtherwise, enterUse, epochFootprint, withAccountClosed } from "./accounts.ts";
import { type KnownKey, noteKey } from "./client-keys.ts";
import type { Event } from "./event.ts";
import {
  type Changes,
  changedFleet,
  changesAfter,
  changesKept,
  type InputFact,
  isInputFact,
} from "./inputs.ts";
import { blockRatioOf, linkEstimates, linkKey, soundMeasurement, withMeasurement } from "./measured.ts";
import { unsoundInput, unsoundTime } from "./sound-input.ts";
import {
  type Epoch,
  hasDrifted,
  isActive,
  type JobState,
  type LinkEstimate,
  type Progress,
  type State,
} from "./state.ts";
import type { TenantUse } from "./tenant-use.ts";
import { backoffSeconds, failuresOf, isOver, verdictOf, weighsMore } from "./verdict.ts";

interface MutableState {
  seq: number;
  nowSeconds: number;
  fleet: State["fleet"];
  declaredFleet: State["declaredFleet"];
  changes: Changes;
  ledger: Ledger | undefined;
  jobs: Map<string, JobState>;
  queued: Set<string>;
  active: Set<string>;
  drifted: Set<string>;
  links: Map<string, LinkEstimate>;
  clientKeys: Map<string, KnownKey>;
  tenants: Map<string, TenantUse>;
  forgottenEpochs?: number;
}

export function reduce(state: State, event: Event): State {
  if (event.seq !== state.seq + 1) throw new Error(`event ${event.seq} does not follow ${state.seq}`);
  const next = state as MutableState;
  next.seq = event.seq;
  next.nowSeconds = Math.max(next.nowSeconds, event.atSeconds);
  apply(next, event);
  return next;
}

function apply(state: MutableState, event: Event): void {
  if (event.kind === "fleet-loaded") {
    loadFleet(state, event);
  } else if (event.kind === "submitted") {
    if (event.clientKey) noteKey(state.clientKeys, event.clientKey, state.nowSeconds);
    if (!state.jobs.has(event.job.id)) put(state, newJob(event.job, state.forgottenEpochs));
  } else if (event.kind === "forgotten") {
    forgetEnded(state, event.jobIds);
  } else if (isInputFact(event)) {
    changeFleet(state, event);
  } else {
    const current = state.jobs.get(event.jobId);
    if (current) put(state, transition(state, current, event));
  }
}

type InputEvent = Extract<Event, { kind: InputFact["kind"] }>;
type JobEvent = Exclude<Event, { kind: "fleet-loaded" | "submitted" | "forgotten" } | InputEvent>;

/** The job after the event; the same value where the event no longer applies. Takes and gives back capacity. */
function transition(state: MutableState, current: JobState, event: JobEvent): JobState {
  if (event.kind === "cancel-requested") return cancel(state, current);
  if (event.kind === "held") return hold(state, current);
  if (event.kind === "released") {
    const { held: _, ...released } = current;
    return current.held ? released : current;
  }
  if (event.kind === "placed") return place(state, current, event);
  if (event.kind === "infeasible") {
    return current.phase === "queued"
      ? { ...current, phase: "infeasible", infeasibleWhy: event.why }
      : current;
  }
  const { epoch, phase } = current;
  if (!epoch || epoch.number !== event.epoch || !isActive(phase)) return current;
  switch (event.kind) {
    case "launch-observed": {
      const known = epoch.launches[event.region];
      if (!known || isOver(known)) return current;
      const launches = { ...epoch.launches, [event.region]: event.status };
      return settle(state, { ...current, epoch: { ...epoch, launches } });
    }
    case "gang-started": {
      if (phase !== "starting") return current;
      const started: Epoch = { ...epoch, startedSeconds: state.nowSeconds, addresses: event.addresses };
      const firstStartSeconds = current.firstStartSeconds ?? state.nowSeconds;
      return { ...current, phase: "running", epoch: started, firstStartSeconds };
    }
    case "gang-late": {
      if (phase !== "starting") return current;
      const reason = `ranks ${event.missingRanks.join(", ")} did not check in before the deadline`;
      return giveUp(state, current, { reason, next: "requeue" });
    }
    case "progress": {
      const firstLoss = current.firstLoss ?? event.loss ?? undefined;
      const progress = progressed(current.progress, event, firstLoss ?? null);
      return { ...current, progress, ...(firstLoss === undefined ? {} : { firstLoss }) };
    }
    case "checkpoint-committed": {
      const { committedStep = 0, job } = current;
      const isNews =
        Number.isInteger(event.step) && event.step > committedStep && event.step <= job.iterations;
      return isNews ? { ...current, committedStep: event.step } : current;
    }
    case "measured":
      return phase === "running" ? measure(state, current, event) : current;
    case "preempted": {
      if (phase === "stopping") return current;
      const { by } = event;
      const preempted = { by, atSeconds: state.nowSeconds, epoch: event.epoch };
      const reason = `preempted by ${by}, which is of a higher class`;
      return giveUp(state, { ...current, preempted }, { reason, next: "requeue", excused: "preempted", by });
    }
    case "replan-requested": {
      if (phase !== "running") return current;
      const { epoch: number, placement, why } = event;
      const kept = placement ? { placement } : {};
      const replan = { ...why, epoch: number, atSeconds: state.nowSeconds, ...kept };
      const reason = replanText(why);
      return giveUp(state, { ...current, replan }, { reason, next: "requeue", excused: "replan" });
    }
  }
}

function measure(
  state: MutableState,
  current: JobState,
  event: Extract<Event, { kind: "measured" }>,
): JobState {
  const sound = soundMeasurement(current.epoch!, event);
  const epoch = withMeasurement(current.epoch!, sound, state.nowSeconds);
  for (const link of linkEstimates(current.job.id, epoch, sound, state.links, state.ledger!))
    state.links.set(linkKey(link.from, link.to), link);
  const ratio = blockRatioOf(epoch.measured!);
  return { ...current, epoch, ...(ratio === undefined ? {} : { blockRatio: rounded(ratio) }) };
}

/** To 5 %: jobs are not told apart by less. */
function rounded(ratio: number): number {
  return Math.max(1, Math.round(ratio * 20)) / 20;
}

function loadFleet(state: MutableState, { fleet }: Extract<Event, { kind: "fleet-loaded" }>): void {
  dropEstimates(state, fleet);
  const changes = state.declaredFleet
    ? changesKept(state.changes, state.declaredFleet, fleet)
    : state.changes;
  setFleet(state, fleet, changes);
  if (!fleet.tenants) state.tenants.clear();
  // What did not fit the old fleet may fit this one.
  for (const known of state.jobs.values()) {
    if (known.phase === "infeasible") put(state, { ...known, phase: "queued" });
    if (known.replan?.placement) {
      const { placement: _, ...replan } = known.replan;
      put(state, { ...known, replan });
    }
  }
}

/** What somebody does to a region, or has observed. Changes nothing where it cannot be true, or is known already. */
function changeFleet(state: MutableState, event: InputEvent): void {
  const { declaredFleet: declared, fleet: before, nowSeconds } = state;
  if (!declared || unsoundInput(declared, event, nowSeconds) || unsoundTime(event, nowSeconds)) return;
  const changes = changesAfter(state.changes, event);
  if (changes !== state.changes) setFleet(state, declared, changes);
  // Somebody who looked at the link knows better than a job that used it earlier.
  if (event.kind === "link-changed") state.links.delete(linkKey(event.from, event.to));
  if (event.kind === "region-drained") drain(state, event.region);
  if (hasGrown(before!, state.fleet!)) {
    for (const known of state.jobs.values())
      if (known.phase === "infeasible") put(state, { ...known, phase: "queued" });
  }
}

/** The fleet is another one from now on: accounts of what becomes dearer or cheaper are closed, who runs keeps what he has. */
function setFleet(state: MutableState, declared: Fleet, changes: Changes): void {
  const { fleet: before, nowSeconds } = state;
  const fleet = changedFleet(declared, changes);
  if (before && fleet !== before) {
    for (const id of state.active) {
      const known = state.jobs.get(id)!;
      if (!costsOtherwise(known.epoch!, before, fleet)) continue;
      enterUse(state.tenants, known, before, nowSeconds);
      put(state, { ...known, epoch: withAccountClosed(known.epoch!, before, nowSeconds) });
    }
  }
  const ledger = openLedger(fleet);
  for (const id of state.active) holdAnyway(ledger, state.jobs.get(id)!.epoch!.placement);
  Object.assign(state, { fleet, declaredFleet: declared, changes, ledger });
}

function drain(state: MutableState, region: string): void {
  const index = state.fleet!.regions.findIndex(({ name }) => name === region);
  for (const id of [...state.active]) {
    const known = state.jobs.get(id)!;
    if (!known.epoch!.placement.regions.includes(index)) continue;
    const reason = `${region} is being drained`;
    put(state, giveUp(state, known, { reason, next: "requeue", excused: "drained" }));
  }
}

/** Whether something is there that could let a job fit that did not: more GPUs, or a link that carries more. */
function hasGrown(before: Fleet, after: Fleet): boolean {
  if (before === after) return false;
  const [was, is] = [topologyOf(before).bandwidthBitsPerSecond, topologyOf(after).bandwidthBitsPerSecond];
  return (
    after.regions.some(({ gpus }, i) => gpus > before.regions[i]!.gpus) ||
    is.some((bitsPerSecond, i) => bitsPerSecond > was[i]!)
  );
}

/** What was measured of a link counts no more when somebody says that the link is another one. */
function dropEstimates(state: MutableState, fleet: Fleet): void {
  if (state.links.size === 0) return;
  const [before, after] = [figuresOfLinks(state.declaredFleet!), figuresOfLinks(fleet)];
  for (const key of state.links.keys()) if (before.get(key) !== after.get(key)) state.links.delete(key);
}

function figuresOfLinks({ links, regions }: Fleet): ReadonlyMap<string, string> {
  return new Map(
    links.map(({ bandwidthBitsPerSecond, from, latencySeconds, to }) => [
      linkKey(regions[from]!.name, regions[to]!.name),
      `${bandwidthBitsPerSecond} ${latencySeconds}`,
    ]),
  );
}

function place(state: MutableState, current: JobState, event: Extract<Event, { kind: "placed" }>): JobState {
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

function cancel(state: MutableState, current: JobState): JobState {
  if (current.phase === "ended") return current;
  if (isActive(current.phase)) return giveUp(state, current, { reason: "cancelled", next: "cancel" });
  return { ...current, phase: "ended", outcome: { kind: "cancelled" }, endedSeconds: state.nowSeconds };
}

function hold(state: MutableState, current: JobState): JobState {
  if (current.phase === "ended" || current.held) return current;
  const held: JobState = { ...current, held: true };
  if (!isActive(held.phase)) return held;
  return giveUp(state, held, { reason: "held", next: "requeue", excused: "held" });
}

/** Stops an epoch, or replaces the reason for which it is being stopped. */
function giveUp(state: MutableState, current: JobState, givenUp: NonNullable<Epoch["givenUp"]>): JobState {
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
function settle(state: MutableState, current: JobState): JobState {
  const verdict = verdictOf(current);
  if (verdict.kind === "goes-on") return current;
  if (verdict.kind === "give-up") return giveUp(state, current, verdict.givenUp);
  const { placement, placedSeconds } = current.epoch!;
  const nowSeconds = state.nowSeconds;
  release(state.ledger!, placement);
  enterUse(state.tenants, current, state.fleet!, nowSeconds);
  const used = epochFootprint(current.epoch!, state.fleet!, nowSeconds);
  const paid: JobState = {
    ...current,
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

/** @param firstLoss of the job, whatever the epoch. */
function progressed(
  known: Progress | undefined,
  event: Extract<Event, { kind: "progress" }>,
  firstLoss: number | null,
): Progress {
  if (!known) {
    const { step, loss, stepSeconds } = event;
    return {
      step,
      firstLoss,
      lastLoss: loss,
      stepSecondsSum: 0,
      stepCount: 0,
      lastStepSeconds: stepSeconds,
    };
  }
  if (event.step <= known.step) return known;
  return {
    step: event.step,
    firstLoss,
    lastLoss: event.loss ?? known.lastLoss,
    stepSecondsSum: known.stepSecondsSum + event.stepSeconds,
    stepCount: known.stepCount + 1,
    lastStepSeconds: event.stepSeconds,
  };
}

/**
 * The name may be that of a job that was forgotten: its epochs count on from where any forgotten job's have come, so that
 * no launch and no checkpoint of the old one is ever taken for one of its own.
 */
function newJob(job: JobState["job"], forgottenEpochs = 0): JobState {
  const unused = { electricityUsd: 0, energyKwh: 0, carbonGrams: 0, gpuSeconds: 0 };
  const excused = forgottenEpochs > 0 ? { excusedEpochs: forgottenEpochs } : {};
  return { job, phase: "queued", epochs: forgottenEpochs, ...excused, notBeforeSeconds: 0, ...unused };
}

function forgetEnded(state: MutableState, jobIds: readonly string[]): void {
  for (const id of jobIds) {
    const known = state.jobs.get(id);
    if (known?.phase !== "ended") continue;
    state.forgottenEpochs = Math.max(state.forgottenEpochs ?? 0, known.epochs);
    state.jobs.delete(id);
  }
}

/** Takes a job that has ended out of the state: for simulations, whose memory must not grow with what is over. */
export function forget(state: State, jobId: string): void {
  (state as MutableState).jobs.delete(jobId);
}

function put(state: MutableState, next: JobState): void {
  const { id } = next.job;
  state.jobs.set(id, next);
  if (next.phase === "queued") state.queued.add(id);
  else state.queued.delete(id);
  if (isActive(next.phase)) state.active.add(id);
  else state.active.delete(id);
  if (hasDrifted(next)) state.drifted.add(id);
  else state.drifted.delete(id);
}
