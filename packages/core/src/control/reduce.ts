// reduce(state, event) → state: deterministic, and total over logs that this program wrote. Facts are never rejected;
// what no longer applies (an old epoch, a job that is not known, a step seen before) changes nothing but `seq`. A gap in
// `seq`, or a placement beyond capacity, is no fact but a broken log, and throws.
//
// The state is consumed: its maps and ledger are updated in place and must not be used afterwards other than through
// the value returned. A log of a million events then costs a million small steps and not a million copies.
import { replanText } from "../scheduler/explain.ts";
import { noteKey } from "./client-keys.ts";
import type { Event } from "./event.ts";
import { isInputFact } from "./inputs.ts";
import { cancel, giveUp, hold, place, reserveOtherwise, settle } from "./reduce/epochs.ts";
import { changeFleet, type InputEvent, loadFleet } from "./reduce/fleet.ts";
import { forgetEnded, newJob, skipEpochs } from "./reduce/jobs.ts";
import { type MutableState, put } from "./reduce/mutable.ts";
import { commit, measure, progress } from "./reduce/reports.ts";
import { afterPriceMove } from "./replanning.ts";
import { type Epoch, isActive, type JobState, type State } from "./state.ts";
import { isOver } from "./verdict.ts";

export { forget } from "./reduce/jobs.ts";

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
  } else if (event.kind === "restored") {
    skipEpochs(state);
  } else if (isInputFact(event)) {
    changeFleet(state, event);
  } else {
    const current = state.jobs.get(event.jobId);
    if (current) put(state, transition(state, current, event));
  }
}

type JobEvent = Exclude<
  Event,
  { kind: "fleet-loaded" | "submitted" | "forgotten" | "restored" } | InputEvent
>;

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
    case "progress":
      return progress(current, event);
    case "checkpoint-committed":
      return commit(current, event);
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
      const { epoch: number, placement, why } = event;
      if (phase !== "running" && !(phase === "starting" && why.trigger === "capacity")) return current;
      const kept = placement ? { placement } : {};
      const replan = { ...why, epoch: number, atSeconds: state.nowSeconds, ...kept };
      const reason = replanText(why);
      const counted =
        why.trigger === "price" ? { priceMoves: afterPriceMove(current.priceMoves, state.nowSeconds) } : {};
      return giveUp(
        state,
        { ...current, replan, ...counted },
        { reason, next: "requeue", excused: "replan" },
      );
    }
    case "reservation-changed":
      return phase === "running" ? reserveOtherwise(state, current, event) : current;
    case "replan-declined": {
      const { epoch: number, why } = event;
      return { ...current, asked: { ...why, epoch: number, atSeconds: state.nowSeconds } };
    }
  }
}
