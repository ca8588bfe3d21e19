// The list of jobs as people look at it: what holds GPUs, what waits, what is over.
import type { JobView } from "../../api.ts";

export interface JobGroup {
  readonly title: "Placed" | "Queue" | "History";
  readonly jobs: readonly JobView[];
}

/** Placed and queued jobs in the order of submission, the history latest first. */
export function groupJobs(jobs: Iterable<JobView>): readonly JobGroup[] {
  const [placed, queued, history]: [JobView[], JobView[], JobView[]] = [[], [], []];
  for (const job of jobs) {
    const title = groupOf(job.phase);
    (title === "Placed" ? placed : title === "Queue" ? queued : history).push(job);
  }
  history.sort((a, b) => overSeconds(b) - overSeconds(a));
  return [
    { title: "Placed", jobs: placed },
    { title: "Queue", jobs: queued },
    { title: "History", jobs: history },
  ];
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
export function overSeconds({ endedSeconds, submittedSeconds }: JobView): number {
  return endedSeconds ?? submittedSeconds;
}
