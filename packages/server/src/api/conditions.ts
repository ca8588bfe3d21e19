// What holds of a job besides its phase: in words that are the same on the page, on the command line and in the API. Only
// what the log knows; what the scheduler would say now (quotas, order) is in `explain`.
import type { JobState } from "@bace-pipe/core";
import { onHoldText, replanText } from "@bace-pipe/core/explain";
import { duration } from "@bace-pipe/core/format";
import type { ConditionView } from "./schemas/jobs.ts";

/** Those that hold now, the gravest first. */
export function conditionsOf(known: JobState, nowSeconds: number): ConditionView[] {
  const all = [failed(known), infeasible(known), held(known), stopping(known), preempted(known)];
  return [...all, moving(known), backingOff(known, nowSeconds)].filter((each) => each !== undefined);
}

function failed({ endedSeconds, outcome }: JobState): ConditionView | undefined {
  if (outcome?.kind !== "failed") return undefined;
  return { type: "failed", reason: "gave-up", message: outcome.reason, sinceSeconds: endedSeconds ?? null };
}

function infeasible({ phase }: JobState): ConditionView | undefined {
  if (phase !== "infeasible") return undefined;
  const message = "this policy would not place it even if the fleet were empty";
  return { type: "infeasible", reason: "no-placement", message, sinceSeconds: null };
}

function held({ held: isHeld, job, phase }: JobState): ConditionView | undefined {
  if (!isHeld || phase === "ended") return undefined;
  const message = onHoldText(job.id);
  return { type: "held", reason: "operator", message, sinceSeconds: null };
}

function stopping({ epoch, phase }: JobState): ConditionView | undefined {
  if (phase !== "stopping" || !epoch?.givenUp) return undefined;
  const { excused, next, reason } = epoch.givenUp;
  return { type: "stopping", reason: excused ?? next, message: reason, sinceSeconds: null };
}

/** Until it is placed again, as the next. */
function preempted({ epochs, phase, preempted: was }: JobState): ConditionView | undefined {
  if (!was || was.epoch !== epochs || phase === "ended") return undefined;
  const message = `preempted by ${was.by}, a job of a higher class`;
  return { type: "preempted", reason: "priority-class", message, sinceSeconds: was.atSeconds };
}

function moving({ epochs, phase, replan }: JobState): ConditionView | undefined {
  if (!replan || replan.epoch !== epochs || phase === "ended") return undefined;
  const reason = replan.trigger ?? "link";
  return { type: "moving", reason, message: replanText(replan), sinceSeconds: replan.atSeconds };
}

function backingOff(
  { notBeforeSeconds, phase, reason }: JobState,
  nowSeconds: number,
): ConditionView | undefined {
  const leftSeconds = notBeforeSeconds - nowSeconds;
  if (phase !== "queued" || leftSeconds <= 0) return undefined;
  const message = `${reason ?? "its last epoch failed"}; it is tried again in ${duration(leftSeconds)}`;
  return { type: "backing-off", reason: "epoch-failed", message, sinceSeconds: null };
}
