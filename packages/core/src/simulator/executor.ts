// The executor of the simulator: carries effects out on the virtual clock. A launch runs at once, a gang starts as its
// last launch does. A job advances by its iterations; how long one takes may change while it runs (a link that is shared
// with more jobs, a link that changes), and then the time of its end does.
// A job that starts again goes on from its last checkpoint. Left out: start-up time.
import type { Fact, LaunchStatus } from "../control/event.ts";
import { type Effect, launchKeyOf, type Observed } from "../control/reconcile.ts";
import type { Epoch, State } from "../control/state.ts";
import { EXIT } from "../control/verdict.ts";
import { iterationSeconds, type TimeModel } from "../cost/iteration-time.ts";
import type { Job } from "../cost/job.ts";
import { type Ledger, withHopRates } from "../fleet/ledger.ts";

export interface VirtualExecutor {
  /** Launches that run, for the reconciler. */
  readonly observed: ReadonlyMap<string, Observed>;
  /** Carries one effect out; returns facts that are seen at once. */
  perform(effect: Effect, state: State): Fact[];
  /** The launches of a job have ended by themselves, or were killed: facts, one per region. Empty if it does not run. */
  end(
    jobId: string,
    status: { readonly kind: "exited"; readonly exitCode: number } | { kind: "lost" },
  ): Fact[];
  /** The same for a job that is told to stop: it writes a checkpoint, at once. */
  stop(jobId: string): Fact[];
  /** Jobs whose iterations now take another time than before. Called when the ledger or the fleet has changed. */
  retime(ledger: Ledger): void;
  /** Iterations that a job has behind it in checkpoints, if it was interrupted. */
  running(): Iterable<string>;
}

export interface ExecutorOptions {
  readonly timeModel: TimeModel;
  readonly nowSeconds: () => number;
  /** Iterations between checkpoints; an interrupted job goes on from the last. */
  readonly checkpointIterations: number;
  /** Asks to be told `end(jobId)` at a time, unless `isStale` by then. */
  readonly scheduleEnd: (atSeconds: number, jobId: string, isStale: () => boolean) => void;
}

interface Running {
  readonly job: Job;
  readonly epoch: Epoch;
  readonly regions: readonly string[];
  /** Iterations done by `sinceSeconds`, and the time of one since then. */
  done: number;
  sinceSeconds: number;
  iterationSeconds: number;
  /** Changes with every new time of its end. */
  version: number;
}

export function createVirtualExecutor(options: ExecutorOptions): VirtualExecutor {
  const { checkpointIterations, nowSeconds, scheduleEnd, timeModel } = options;
  const observed = new Map<string, Observed>();
  const running = new Map<string, Running>();
  /** Iterations in checkpoints, of jobs that were interrupted. */
  const saved = new Map<string, number>();

  const scheduleEndOf = (run: Running): void => {
    const version = ++run.version;
    const atSeconds = run.sinceSeconds + (run.job.iterations - run.done) * run.iterationSeconds;
    const isStale = () => running.get(run.job.id) !== run || run.version !== version;
    scheduleEnd(Math.max(atSeconds, nowSeconds()), run.job.id, isStale);
  };

  const doneNow = (run: Running): number => {
    const done = run.done + (nowSeconds() - run.sinceSeconds) / run.iterationSeconds;
    return Math.min(done, run.job.iterations);
  };

  const start = (job: Job, epoch: Epoch, regions: readonly string[]): void => {
    const run: Running = {
      job,
      epoch,
      regions,
      done: saved.get(job.id) ?? 0,
      sinceSeconds: nowSeconds(),
      iterationSeconds: epoch.predictedIterationSeconds,
      version: 0,
    };
    running.set(job.id, run);
    scheduleEndOf(run);
  };

  /** @param every iterations between checkpoints that it goes on from; undefined if it never will. */
  const stop = (run: Running, every: number | undefined): void => {
    const { id } = run.job;
    running.delete(id);
    if (every === undefined) saved.delete(id);
    else saved.set(id, Math.max(saved.get(id) ?? 0, Math.floor(doneNow(run) / every) * every));
  };

  const ended = ({ epoch, job, regions }: Running, status: LaunchStatus): Fact[] =>
    regions.map((region): Fact => {
      observed.delete(launchKeyOf(job.id, epoch.number, region));
      return { kind: "launch-observed", jobId: job.id, epoch: epoch.number, region, status };
    });

  return {
    observed,
    running: () => running.keys(),
    end(jobId, status) {
      const run = running.get(jobId);
      if (!run) return [];
      const isFinished = status.kind === "exited" && status.exitCode === EXIT.finished;
      stop(run, isFinished ? undefined : checkpointIterations);
      return ended(run, status);
    },
    stop(jobId) {
      const run = running.get(jobId);
      if (!run) return [];
      stop(run, 1);
      const step = saved.get(jobId)!;
      const { number: epoch } = run.epoch;
      const committed: Fact[] = step > 0 ? [{ kind: "checkpoint-committed", jobId, epoch, step }] : [];
      return [...committed, ...ended(run, { kind: "exited", exitCode: EXIT.restart })];
    },
    retime(ledger) {
      for (const run of running.values()) {
        const { placement } = run.epoch;
        if (placement.hopBitsPerSecond.length === 0) continue;
        const rated = withHopRates(ledger, placement, 0);
        const seconds = iterationSeconds(run.job, ledger.fleet, rated, timeModel);
        if (seconds === run.iterationSeconds) continue;
        run.done = doneNow(run);
        run.sinceSeconds = nowSeconds();
        run.iterationSeconds = seconds;
        scheduleEndOf(run);
      }
    },
    perform(effect, state) {
      if (effect.kind === "record") return [effect.fact];
      if (effect.kind === "cancel") throw new Error(`nothing is cancelled in a simulation: ${effect.key}`);
      const { jobId, epoch, region } = effect;
      observed.set(effect.key, "running");
      const { job, epoch: current } = state.jobs.get(jobId)!;
      const regions = Object.keys(current!.launches);
      const facts: Fact[] = [{ kind: "launch-observed", jobId, epoch, region, status: { kind: "running" } }];
      if (!regions.every((name) => observed.has(launchKeyOf(jobId, epoch, name)))) return facts;
      start(job, current!, regions);
      return [...facts, { kind: "gang-started", jobId, epoch, addresses: [] }];
    },
  };
}
