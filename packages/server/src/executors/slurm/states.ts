// Slurm's words for what a job does (squeue, "JOB STATE CODES"; versions 20.11 to 24.05), and its answers to sbatch.
import { NO_EXIT_CODE } from "../executor.ts";

/** The worker's exit code for "stopped in good order: start again"; what was told to stop counts as that. */
const RESTART = 75;

export type JobState =
  /** It runs, or may yet. */
  | { readonly kind: "live" }
  /** @param exitCode what it counts as where the worker has left none. */
  | { readonly kind: "ended"; readonly exitCode: number }
  /** A word of another version: nothing is concluded from it. */
  | { readonly kind: "unknown" };

const LIVE = [
  ...[
    "PENDING",
    "CONFIGURING",
    "RUNNING",
    "COMPLETING",
    "SUSPENDED",
    "STOPPED",
    "SIGNALING",
    "STAGE_OUT",
    "RESIZING",
  ],
  // With --no-requeue only an administrator does this; the second run finds the launch claimed.
  ...[
    "REQUEUED",
    "REQUEUE_FED",
    "REQUEUE_HOLD",
    "RESV_DEL_HOLD",
    "SPECIAL_EXIT",
    "POWER_UP_NODE",
    "EXPEDITING",
  ],
] as const;

/** Ended by somebody's decision: not a fault of the job. */
const TOLD_TO_END = ["CANCELLED", "PREEMPTED", "TIMEOUT", "DEADLINE", "REVOKED"] as const;

/** Ended by itself. Even COMPLETED: a worker that finished has said so in its own file. */
const ENDED = [
  ...["COMPLETED", "FAILED", "NODE_FAIL", "BOOT_FAIL", "OUT_OF_MEMORY", "LAUNCH_FAILED", "RECONFIG_FAIL"],
] as const;

const STATES: ReadonlyMap<string, JobState> = new Map<string, JobState>([
  ...LIVE.map((word) => [word, { kind: "live" }] as const),
  ...TOLD_TO_END.map((word) => [word, { kind: "ended", exitCode: RESTART }] as const),
  ...ENDED.map((word) => [word, { kind: "ended", exitCode: NO_EXIT_CODE }] as const),
]);

export function jobStateOf(word: string): JobState {
  return STATES.get(word) ?? { kind: "unknown" };
}

/** What sbatch says, as far as it says for certain that there is no job. */
export type Refusal =
  /** Asking again will not help. */
  | "final"
  /** There was nobody to ask, or no room: asking again may help. */
  | "for-now";

const FINAL = [
  ...["Invalid partition name specified", "Invalid account", "Invalid qos specification", "Invalid QOS"],
  ...["Invalid feature specification", "Invalid generic resource", "Invalid gres specification"],
  ...["Requested node configuration is not available", "Node count specification invalid"],
  ...["User's group not permitted to use this partition", "Access/permission denied"],
  ...[
    "Requested time limit is invalid",
    "Memory specification can not be satisfied",
    "Invalid Trackable RESource",
  ],
  ...["More processors requested than permitted", "unrecognized option", "Job has invalid", "Invalid --"],
];
const FOR_NOW = [
  ...["Unable to contact slurm controller (connect failure)", "temporarily unable to accept job"],
  ...[
    "Job violates accounting/QOS policy",
    "Required partition not available",
    "Resource temporarily unavailable",
  ],
];

/** Undefined where it says nothing of the kind: then the job may be there. */
export function refusalOf(stderr: string): Refusal | undefined {
  if (FINAL.some((words) => stderr.includes(words))) return "final";
  if (FOR_NOW.some((words) => stderr.includes(words))) return "for-now";
  return undefined;
}
