// reduce(state, event) → state: deterministic, and total over logs that this program wrote. Facts are never rejected;
// what no longer applies (an old epoch, a job that is not known, a step seen before) changes nothing but `seq`. A gap in
// `seq`, or a placement beyond capacity, is no fact but a broken log, and throws.
//
// The state is consumed: its maps and ledger are updated in place and must not be used afterwards other than through
// the value returned. A log of a million events then costs a million small steps and not a million copies.
import { placementFootprint } from "../cost/money.ts";
import type { Fleet } from "../fleet/fleet.ts";
import { holdAnyway, type Ledger, openLedger, placedGpus, release, reserve } from "../fleet/ledger.ts";
import { replanText } from "../scheduler/explain.ts";
import type { Event } from "./event.ts";
import { blockRatioOf, linkEstimates, linkKey, soundMeasurement, withMeasurement } from "./measured.ts";
import {
  type Epoch,
  hasDrifted,
  isActive,
  type JobState,
  type LinkEstimate,
  type Progress,
  type State,
} from "./state.ts";
import { backoffSeconds, failuresOf, isOver, verdictOf, weighsMore } from "./verdict.ts";

interface MutableState {
  seq: number;
  nowSeconds: number;
  fleet: State["fleet"];
  ledger: Ledger | undefined;
  jobs: Map<string, JobState>;
  queued: Set<string>;
  active: Set<string>;
  drifted: Set<string>;
  links: Map<string, LinkEstimate>;
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
    if (!state.jobs.has(event.job.id)) put(state, newJob(event.job));
  } else {
    const current = state.jobs.get(event.jobId);
    if (current) put(state, transition(state, current, event));
  }
}

type JobEvent = Exclude<Event, { kind: "fleet-loaded" | "submitted" }>;

/** The job after the event; the same value where the event no longer applies. Takes and gives back capacity. */
function transition(state: MutableState, current: JobState, event: JobEvent): JobState {
  if (event.kind === "cancel-requested") return cancel(state, current);
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
  const ledger = openLedger(fleet);
  for (const id of state.active) holdAnyway(ledger, state.jobs.get(id)!.epoch!.placement);
  dropEstimates(state, fleet);
  state.fleet = fleet;
  state.ledger = ledger;
  // What did not fit the old fleet may fit this one.
  for (const known of state.jobs.values()) {
    if (known.phase === "infeasible") put(state, { ...known, phase: "queued" });
    if (known.replan?.placement) {
      const { placement: _, ...replan } = known.replan;
      put(state, { ...known, replan });
    }
  }
}

/** What was measured of a link counts no more when somebody says that the link is another one. */
function dropEstimates(state: MutableState, fleet: Fleet): void {
  if (state.links.size === 0) return;
  const [before, after] = [figuresOfLinks(state.fleet!), figuresOfLinks(fleet)];
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
  const used = placementFootprint(state.fleet!, placement, placedSeconds, nowSeconds);
  const paid: JobState = {
    ...current,
    electricityUsd: current.electricityUsd + used.electricityUsd,
    energyKwh: current.energyKwh + used.energyKwh,
    carbonGrams: current.carbonGrams + used.carbonGrams,
    gpuSeconds: current.gpuSeconds + placedGpus(placement) * (nowSeconds - placedSeconds),
  };
  if (verdict.kind === "requeue") {
    const { excused } = current.epoch!.givenUp!;
    const { excusedEpochs = 0 } = current;
    const queued: JobState = {
      ...paid,
      ...(excused ? { excusedEpochs: excusedEpochs + 1 } : {}),
      phase: "queued",
    };
    const pauseSeconds = excused === "replan" ? 0 : backoffSeconds(failuresOf(queued));
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

function newJob(job: JobState["job"]): JobState {
  const unused = { electricityUsd: 0, energyKwh: 0, carbonGrams: 0, gpuSeconds: 0 };
  return { job, phase: "queued", epochs: 0, notBeforeSeconds: 0, ...unused };
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
