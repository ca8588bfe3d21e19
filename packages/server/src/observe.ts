// What the executors' lists mean: facts where they say something new about a launch of a live epoch, and the summary
// that the reconciler compares with what should run. A launch's exit becomes a fact once: from then on the state knows.
import type { Fact, Observed, State } from "@bace-pipe/core";
import { isOver, launchKeyOf } from "@bace-pipe/core";
import type { Logger } from "pino";
import type { Executor, Launch } from "./executors/executor.ts";

type LaunchFact = Extract<Fact, { kind: "launch-observed" }>;

export interface Observation {
  /** Every launch of every executor that could tell, by key. */
  readonly launches: ReadonlyMap<string, Launch>;
  /** Whether it is known what there is in a region. Where an executor could not tell, nothing may be concluded. */
  isKnown(region: string): boolean;
}

/** What executors say of their launches; undefined when none could tell. One that cannot keeps no other from going on. */
export async function observeAll(
  executors: readonly Executor[],
  logger: Logger,
): Promise<Observation | undefined> {
  const silent: Executor[] = [];
  const list = async (executor: Executor): Promise<ReadonlyMap<string, Launch>> => {
    try {
      return await executor.list();
    } catch (error) {
      logger.warn(
        { err: error, executor: executor.capabilities.name },
        "an executor could not list its launches",
      );
      silent.push(executor);
      return new Map();
    }
  };
  const lists = await Promise.all(executors.map(list));
  if (silent.length === executors.length) return undefined;
  return {
    launches: new Map(lists.flatMap((launches) => [...launches])),
    isKnown: (region) => !silent.some(({ capabilities }) => capabilities.serves(region)),
  };
}

/** Exit codes of launches that ended because of another one, or were told to: peer lost, restart, superseded. */
const CONSEQUENCES: ReadonlySet<number> = new Set([69, 75, 76]);

/** Causes before consequences: the first bad end that is written down is what the epoch is said to have died of. */
export function observationFacts(state: State, launches: ReadonlyMap<string, Launch>): LaunchFact[] {
  const facts: LaunchFact[] = [];
  for (const jobId of state.active) {
    const { number: epoch, launches: known } = state.jobs.get(jobId)!.epoch!;
    for (const [region, status] of Object.entries(known)) {
      const seen = launches.get(launchKeyOf(jobId, epoch, region));
      if (!seen || isOver(status) || seen.kind === status.kind) continue;
      facts.push({ kind: "launch-observed", jobId, epoch, region, status: seen });
    }
  }
  return facts.sort((a, b) => Number(isConsequence(a)) - Number(isConsequence(b)));
}

function isConsequence({ status }: LaunchFact): boolean {
  return status.kind === "exited" && CONSEQUENCES.has(status.exitCode);
}

export function observedOf(launches: ReadonlyMap<string, Launch>): Map<string, Observed> {
  return new Map([...launches].map(([key, { kind }]) => [key, kind === "running" ? "running" : "over"]));
}
