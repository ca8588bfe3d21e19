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
  | { readonly kind: "give-up"; readonly givenUp: NonNullable<Epoch["givenUp"]> }
  | { readonly kind: "requeue" }
  | { readonly kind: "end"; readonly outcome: Outcome };

export function verdictOf({ epoch, epochs, reason }: JobState): Verdict {
  const launches = Object.entries(epoch!.launches);
  const { givenUp } = epoch!;
  if (!givenUp) {
    const failed = launches.find(([, status]) => isOver(status) && !hasFinished(status));
    if (failed) return { kind: "give-up", givenUp: judge(failed[0], failed[1], epochs) };
  }
  if (!launches.every(([, status]) => isOver(status))) return { kind: "goes-on" };
  // A job whose every launch finished has finished, even if it was being cancelled at the time.
  if (launches.every(([, status]) => hasFinished(status)))
    return { kind: "end", outcome: { kind: "finished" } };
  switch (givenUp!.next) {
    case "requeue":
      return { kind: "requeue" };
    case "cancel":
      return { kind: "end", outcome: { kind: "cancelled" } };
    case "fail":
      return { kind: "end", outcome: { kind: "failed", reason: reason ?? givenUp!.reason } };
  }
}

export function isOver(status: LaunchStatus): boolean {
  return status.kind === "exited" || status.kind === "rejected" || status.kind === "lost";
}

/** Seconds before a job whose epoch failed is placed again: 2, 4, 8 … at most 5 minutes. */
export function backoffSeconds(epochs: number): number {
  return Math.min(300, 2 ** epochs);
}

function hasFinished(status: LaunchStatus): boolean {
  return status.kind === "exited" && status.exitCode === EXIT.finished;
}

function judge(region: string, status: LaunchStatus, epochs: number): NonNullable<Epoch["givenUp"]> {
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
  if (epochs >= MAX_EPOCHS) return { reason: `${reason}; ${epochs} epochs failed`, next: "fail" };
  return { reason, next: "requeue" };
}
