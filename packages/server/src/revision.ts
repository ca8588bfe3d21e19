// Which events make a plan that was made before them another one: those that change the fleet, the queue or who holds what.
// Not those by which a job that holds its GPUs gets on with its work.
import { type Event, isActive, type State } from "@bace-pipe/core";

const WORK: ReadonlySet<Event["kind"]> = new Set([
  ...(["progress", "checkpoint-committed", "measured"] as const),
  ...(["launch-observed", "gang-started", "gang-late", "replan-requested", "replan-declined"] as const),
  "submitted", // again, with a key; the first time its place is another one
]);

/** Whether the event, folded in since, moved the world. @param placeBefore of its job, by `placeOf` */
export function isMove(event: Event, placeBefore: string, state: State): boolean {
  return !WORK.has(event.kind) || placeOf(event, state) !== placeBefore;
}

/** In the queue, on GPUs, or neither. */
export function placeOf(event: Event, { jobs }: State): string {
  const jobId = event.kind === "submitted" ? event.job.id : "jobId" in event ? event.jobId : undefined;
  const phase = jobId === undefined ? undefined : jobs.get(jobId)?.phase;
  if (phase === undefined) return "";
  return isActive(phase) ? "active" : phase;
}
