// What the launches of an epoch mean for the job: the one place where exit codes are judged.
import type { LaunchStatus } from "./event.ts";
import type { Epoch, JobState, Outcome } from "./state.ts";

/** Exit codes of the worker that the control plane tells apart; any other is the infrastructure's. */
export const EXIT = {
  finished: 0,
  userError: 1,
  restart: 75,
  badPlan: 78,
} as const;

/** Epochs that may fail through the infrastructure before the job is given up. */
export const MAX_EPOCHS = 5;

type Verdict =
  | { readonly kind: "goes-on" }
  | { readonly kind: "give-up"; readonly givenUp: GivenUp }
  | { readonly kind: "requeue" }
  | { readonly kind: "end"; readonly outcome: Outcome };

type GivenUp = NonNullable<Epoch["givenUp"]>;

/** A later reason replaces an earlier one only if it weighs more: a user's error may be seen after its consequence. */
const WEIGHT: Readonly<Record<GivenUp["next"], number>> = { requeue: 1, fail: 2, cancel: 3 };

export function weighsMore(reason: GivenUp, than: GivenUp | undefined): boolean {
  return than === undefined || WEIGHT[reason.next] > WEIGHT[than.next];
}

/** @param lostGpus whether one of its regions has fewer GPUs than jobs hold there: launches that die then have no fault. */
export function verdictOf(jobState: JobState, lostGpus: boolean): Verdict {
  const { epoch } = jobState;
  const launches = Object.entries(epoch!.launches);
  const { givenUp } = epoch!;
  for (const [region, status] of launches) {
    if (!isOver(status) || hasFinished(status)) continue;
    const reason = judge(region, status, jobState, lostGpus);
    if (weighsMore(reason, givenUp)) return { kind: "give-up", givenUp: reason };
  }
  if (!launches.every(([, status]) => isOver(status))) return { kind: "goes-on" };
  // A job whose every launch finished has finished, even if it was being cancelled at the time.
  if (launches.every(([, status]) => hasFinished(status))) {
    return { kind: "end", outcome: { kind: "finished" } };
  }
  switch (givenUp!.next) {
    case "requeue":
      return { kind: "requeue" };
    case "cancel":
      return { kind: "end", outcome: { kind: "cancelled" } };
    case "fail":
      return { kind: "end", outcome: { kind: "failed", reason: givenUp!.reason } };
  }
}

export function isOver(status: LaunchStatus): boolean {
  return status.kind === "exited" || status.kind === "rejected" || status.kind === "lost";
}

/** Seconds before a job is placed again that has failed so many times: 1, 2, 4, 8 … at most 5 minutes. */
export function backoffSeconds(failures: number): number {
  return Math.min(300, 2 ** failures);
}

/** Epochs that have failed, the live one included. */
export function failuresOf({ epochs, excusedEpochs = 0 }: JobState): number {
  return epochs - excusedEpochs;
}

function hasFinished(status: LaunchStatus): boolean {
  return status.kind === "exited" && status.exitCode === EXIT.finished;
}

function judge(region: string, status: LaunchStatus, jobState: JobState, lostGpus: boolean): GivenUp {
  const what =
    status.kind === "exited"
      ? `exit code ${status.exitCode}`
      : status.kind === "rejected"
        ? `refused: ${status.reason}`
        : "launch lost";
  const reason = `${region}: ${what}`;
  const usersFault =
    status.kind === "rejected" ||
    (status.kind === "exited" && (status.exitCode === EXIT.userError || status.exitCode === EXIT.badPlan));
  if (usersFault) return { reason, next: "fail" };
  const { excused } = jobState.epoch!.givenUp ?? {};
  if (excused) return { reason, next: "requeue", excused };
  if (lostGpus) return { reason, next: "requeue", excused: "capacity" };
  if (wasPreempted(status, jobState)) return { reason, next: "requeue", excused: "preempted" };
  const failures = failuresOf(jobState);
  if (failures >= MAX_EPOCHS) return { reason: `${reason}; ${failures} epochs failed`, next: "fail" };
  return { reason, next: "requeue" };
}

/** Whether a launch that nobody here told to ended in good order, in an epoch that has brought the job forward. */
function wasPreempted(status: LaunchStatus, { committedStep = 0, epoch }: JobState): boolean {
  const asked = epoch!.givenUp !== undefined;
  const advanced = committedStep > (epoch!.fromStep ?? 0);
  return !asked && advanced && status.kind === "exited" && status.exitCode === EXIT.restart;
}
