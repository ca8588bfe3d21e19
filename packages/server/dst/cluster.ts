// The batch system of a region, as it is when nobody is looking: launches queue, run, end, are killed or lost. It starts
// whatever arrives, also the same thing twice; not to ask twice is its clients' duty.
import type { Artifact } from "../src/executors/executor.ts";
import type { Faults } from "./faults.ts";
import type { Timeline } from "./timeline.ts";

const QUEUE_SECONDS = 2;
const LATE_SECONDS = 200;
/** From SIGTERM to SIGKILL. */
export const KILL_SECONDS = 20;
export const KILLED = -1;

/** One run of a launch. */
export interface Process {
  readonly key: string;
  readonly region: string;
  readonly artifact: Artifact;
  state: "queued" | "running" | "over";
  exitCode: number | undefined;
  /** Gone from the batch system's own list. */
  forgotten: boolean;
  /** SIGTERM has arrived. */
  stopping: boolean;
}

export interface Cluster {
  readonly region: string;
  readonly processes: readonly Process[];
  /** Something to start has arrived. */
  arrive(key: string, artifact: Artifact): void;
  cancel(key: string): void;
  /** The process ends by itself. */
  exit(process: Process, exitCode: number): void;
  /** What happens to processes by itself; asked about once a second. */
  weather(): void;
}

export interface Work {
  started(process: Process): void;
  /** SIGTERM. */
  stopped(process: Process): void;
  ended(process: Process): void;
}

export function createCluster(
  region: string,
  { faults, timeline, work }: { faults: Faults; timeline: Timeline; work: Work },
): Cluster {
  const processes: Process[] = [];
  const alive = () => processes.filter(({ state }) => state !== "over");

  const exit = (process: Process, exitCode: number): void => {
    if (process.state === "over") return;
    const ran = process.state === "running";
    process.state = "over";
    process.exitCode = exitCode;
    if (ran) work.ended(process);
  };

  const stop = (process: Process): void => {
    if (process.state === "over" || process.stopping) return;
    process.stopping = true;
    if (process.state === "queued") {
      exit(process, 75);
      return;
    }
    work.stopped(process);
    timeline.after(KILL_SECONDS, () => exit(process, KILLED));
  };

  return {
    region,
    processes,
    exit,
    arrive(key, artifact) {
      const process: Process = {
        ...{ key, region, artifact },
        ...{ state: "queued", exitCode: undefined, forgotten: false, stopping: false },
      };
      processes.push(process);
      const late = faults.happens("launch-late") ? LATE_SECONDS * faults.draw("launch-late") : 0;
      timeline.after(QUEUE_SECONDS + late, () => {
        if (process.state !== "queued") return;
        process.state = "running";
        work.started(process);
      });
    },
    cancel(key) {
      for (const process of alive()) if (process.key === key) stop(process);
    },
    weather() {
      // Batch systems forget what ended long ago; here sometimes before anybody has asked.
      for (const process of processes)
        if (process.state === "over" && !process.forgotten && faults.happens("exit-forgotten"))
          process.forgotten = true;
      for (const process of alive()) {
        if (faults.happens("launch-killed")) exit(process, KILLED);
        else if (faults.happens("launch-preempted")) stop(process);
        // A node that is lost takes the job with it, and the batch system forgets both.
        else if (faults.happens("launch-forgotten")) {
          exit(process, KILLED);
          process.forgotten = true;
        }
      }
    },
  };
}
