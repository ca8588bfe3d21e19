// The list of jobs as people look at it: what holds GPUs, what waits, what is over.
import type { JobView } from "../../api.ts";

export interface JobGroup {
  readonly title: "Placed" | "Queue" | "History";
  readonly jobs: readonly JobView[];
}

/** Placed and queued jobs in the order of submission, the history latest first. Empty groups are left out. */
export function groupJobs(jobs: readonly JobView[]): readonly JobGroup[] {
  const of = (title: JobGroup["title"]) => jobs.filter(({ phase }) => groupOf(phase) === title);
  const history = of("History").sort((a, b) => overSeconds(b) - overSeconds(a));
  const groups: readonly JobGroup[] = [
    { title: "Placed", jobs: of("Placed") },
    { title: "Queue", jobs: of("Queue") },
    { title: "History", jobs: history },
  ];
  return groups.filter((group) => group.jobs.length > 0);
}

function groupOf(phase: JobView["phase"]): JobGroup["title"] {
  switch (phase) {
    case "starting":
    case "running":
    case "stopping":
      return "Placed";
    case "queued":
      return "Queue";
    case "infeasible":
    case "ended":
      return "History";
  }
}

/** An infeasible job was over when it was submitted. */
function overSeconds({ endedSeconds, submittedSeconds }: JobView): number {
  return endedSeconds ?? submittedSeconds;
}

/** The phase, or how it ended. */
export function phaseWord({ phase, outcome }: JobView): NonNullable<JobView["outcome"]> | JobView["phase"] {
  return outcome ?? phase;
}
