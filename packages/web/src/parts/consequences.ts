// What will happen to a job or a region, in words: said before it is done.
import { duration } from "@bace-pipe/core/format";
import type { JobView } from "../api.ts";
import { placementText } from "../format.ts";

export type JobVerb = "cancel" | "hold" | "release";
export type RegionVerb = "cordon" | "drain" | "uncordon";

/** As many as are named; the others are counted. */
const NAMED = 5;

export function jobWords(verb: JobVerb, job: JobView): string {
  if (verb === "release") return `${job.id} goes back to the queue, and is placed when it is its turn.`;
  const end =
    verb === "cancel"
      ? "A cancelled job does not come back: submit it again under another name."
      : "It stays in the queue and is not placed until it is released.";
  return `${now(job)} ${end}`;
}

function now(job: JobView): string {
  const { id, iterations, measuredStepSeconds, phase, placement, step } = job;
  switch (phase) {
    case "running": {
      const stepTime = measuredStepSeconds === null ? "" : `, ${duration(measuredStepSeconds)} each`;
      return (
        `${id} runs step ${Math.min(step + 1, iterations)} of ${iterations}${stepTime}, on ${placementText(placement)}. ` +
        `Its ranks stop together with a checkpoint of that step; ${savedText(job)}. Its GPUs are free when all have ended.`
      );
    }
    case "starting":
      return `${id} is starting on ${placementText(placement)}: what has been launched there is stopped, and its GPUs are free when that has ended.`;
    case "stopping":
      return `${id} is stopping already.`;
    default:
      return `${id} waits and holds no GPU.`;
  }
}

/** What is left if the ranks cannot save. */
function savedText({ committedStep }: JobView): string {
  return committedStep === null
    ? "there is none yet, so all is lost if they cannot save it"
    : `if they cannot save it, that of step ${committedStep} is the newest`;
}

/** Jobs that hold GPUs in a region. */
export function jobsIn(region: string, jobs: Iterable<JobView>): readonly string[] {
  return Array.from(jobs).flatMap(({ id, phase, placement }) =>
    (phase === "starting" || phase === "running" || phase === "stopping") &&
    placement?.regions.some((each) => each.region === region)
      ? [id]
      : [],
  );
}

/** @param jobs that hold GPUs there */
export function regionWords(verb: RegionVerb, region: string, jobs: readonly string[]): string {
  if (verb === "uncordon") return `Jobs are placed in ${region} again.`;
  const closed = `No job is placed in ${region} any more, until it is uncordoned.`;
  if (jobs.length === 0) return `${closed} Nothing runs there now.`;
  const isOne = jobs.length === 1;
  if (verb === "cordon") return `${closed} ${listed(jobs)} ${isOne ? "goes" : "go"} on there.`;
  return (
    `${closed} ${listed(jobs)} ${isOne ? "stops" : "stop"} with a checkpoint, ` +
    `and ${isOne ? "goes" : "go"} on elsewhere when there are GPUs.`
  );
}

function listed(names: readonly string[]): string {
  const more = names.length - NAMED;
  const shown = more > 0 ? [...names.slice(0, NAMED), `${more} more`] : names;
  return shown.length === 1 ? shown[0]! : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}
