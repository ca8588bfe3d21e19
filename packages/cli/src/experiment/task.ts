// One unit of an experiment: a scenario under some policies. Says what it is in plain data, so that it can be sent to a
// worker, and found again in a file of results.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { averageJctBoundOf, simulate } from "@bace-pipe/core";
import {
  contender,
  type DrawnScenario,
  deadlinesKeptShare,
  drawScenario,
  type Family,
  moreJobs,
  type RealWorld,
  type Scale,
  scaledFleet,
} from "@bace-pipe/core/experiment";
import { SCENARIOS } from "../places.ts";
import { scenarioOf } from "../simulation/run.ts";

export interface Task {
  readonly section: string;
  /** A random scenario, or the hand-picked point. */
  readonly scenario:
    | { readonly kind: "drawn"; readonly family: Family; readonly seed: number }
    | { readonly kind: "default" };
  readonly scale: Scale;
  readonly contenders: readonly string[];
}

/** NaN, in a file null, where no job finished. */
export interface ContenderResult {
  readonly jctSeconds: number;
  readonly p95JctSeconds: number;
  readonly usd: number;
  readonly makespanSeconds: number;
  readonly maxWaitSeconds: number;
  /** Of all jobs; the figures are over those that finished. */
  readonly finishedShare: number;
  /** Of the jobs with a deadline; null where none has one. */
  readonly deadlinesKeptShare: number | null;
}

export interface TaskResult {
  readonly task: string;
  /** No schedule has a lower average JCT; null where links are shared or times not by the schedule. */
  readonly jctBoundSeconds: number | null;
  readonly results: Readonly<Record<string, ContenderResult>>;
}

export function taskId({ contenders, scale, scenario, section }: Task): string {
  const which = scenario.kind === "drawn" ? `${scenario.family} ${scenario.seed}` : "default";
  const { bandwidth, gpus, jobs = "" } = scale;
  return `${section}: ${which} ×${bandwidth} ×${gpus} ${jobs} [${contenders.join(" ")}]`;
}

const DEFAULT_POINT = join(SCENARIOS, "paper-default.yaml");

export function runTask(task: Task, world: RealWorld): TaskResult {
  const scenario = scenarioFor(task, world);
  const { fleet, jobs, policies, ...rules } = scenario;
  const results = task.contenders.map((name): [string, ContenderResult] => {
    const result = simulate({ fleet, jobs, ...rules, policy: contender(name, policies) });
    return [
      name,
      {
        jctSeconds: result.averageJctSeconds ?? Number.NaN,
        p95JctSeconds: result.p95JctSeconds ?? Number.NaN,
        usd: result.electricityUsd,
        makespanSeconds: result.makespanSeconds,
        maxWaitSeconds: result.maxWaitSeconds ?? Number.NaN,
        finishedShare: result.finishedJobs / jobs.length,
        deadlinesKeptShare: deadlinesKeptShare(jobs, result.jobs),
      },
    ];
  });
  const jctBoundSeconds = rules.timeModel === "1f1b" ? averageJctBoundOf(jobs, fleet).seconds : null;
  return { task: taskId(task), jctBoundSeconds, results: Object.fromEntries(results) };
}

function scenarioFor({ scale, scenario }: Task, world: RealWorld): DrawnScenario {
  if (scenario.kind === "drawn") return drawScenario(scenario.family, scenario.seed, world, scale);
  const text = readFileSync(DEFAULT_POINT, "utf8");
  const { fleet, jobs, ...rules } = scenarioOf({ file: DEFAULT_POINT, text, directory: "." });
  return {
    ...rules,
    fleet: scaledFleet(fleet, scale),
    jobs: scale.jobs === undefined ? jobs : moreJobs(jobs, scale.jobs, 1),
  };
}
