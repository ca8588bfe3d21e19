// What Slurm and a launch's own notes together mean.
import type { Launch } from "../executor.ts";
import { NO_EXIT_CODE } from "../executor.ts";
import type { LaunchNotes } from "./cluster-files.ts";
import type { QueuedJob } from "./queue.ts";
import { jobStateOf } from "./states.ts";

export type Verdict =
  | Launch
  | { readonly kind: "absent" }
  /** Asked for, and not there yet: it may be on its way. Or squeue says a word that nobody here knows. */
  | { readonly kind: "unknown" }
  /** Over without an exit code so far: its file may be on its way through a network file system. */
  | { readonly kind: "over"; readonly exitCode: number };

/**
 * @param jobs of this launch that squeue knows; mostly one.
 * @param lateSeconds for how long a submit that nobody has confirmed may still arrive.
 */
export function verdictOf(
  jobs: readonly QueuedJob[],
  notes: LaunchNotes | undefined,
  nowSeconds: number,
  lateSeconds: number,
): Verdict {
  if (notes?.exit !== undefined) return { kind: "exited", exitCode: exitCodeIn(notes.exit) };
  const states = jobs.map(({ state }) => jobStateOf(state));
  if (states.some(({ kind }) => kind === "unknown")) return { kind: "unknown" };
  if (states.some(({ kind }) => kind === "live")) return { kind: "running" };
  // Of several jobs one had the launch, and how that one ended is how the launch did.
  const owner = jobs.find(({ id }) => id === notes?.claimedBy) ?? jobs[0];
  const ended = owner && jobStateOf(owner.state);
  // Slurm keeps a record of jobs that it has refused.
  if (notes?.claimedBy === undefined && notes?.submitted === undefined) return { kind: "absent" };
  if (ended?.kind === "ended") return { kind: "over", exitCode: ended.exitCode };
  if (notes?.claimedBy !== undefined) return { kind: "over", exitCode: NO_EXIT_CODE };
  const submittedSeconds = submittedSecondsIn(notes?.submitted);
  if (submittedSeconds === undefined) return { kind: "absent" };
  return Math.abs(nowSeconds - submittedSeconds) > lateSeconds ? { kind: "absent" } : { kind: "unknown" };
}

/** The file is only written at the end, so it is over; where it does not say how, nobody knows. */
function exitCodeIn(text: string): number {
  const exitCode = fieldOf(text, "exitCode");
  return typeof exitCode === "number" && Number.isInteger(exitCode) ? exitCode : NO_EXIT_CODE;
}

function submittedSecondsIn(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = fieldOf(text, "seconds");
  return typeof seconds === "number" ? seconds : undefined;
}

function fieldOf(text: string, name: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
  } catch {
    return undefined;
  }
}
