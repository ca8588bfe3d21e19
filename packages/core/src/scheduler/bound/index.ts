// A lower bound on the average JCT of any schedule of a workload on a fleet: GPUs of all regions pooled, no network, jobs
// not interrupted, each with as many GPUs as suits it. The greatest of four:
//   every job alone;  the sum of completions of SRPT on a machine that is all GPUs at once;  mean busy times on that
//   machine plus half of each job's shortest run;  the Lagrangian bound, which prices GPUs over time
import { idealIterationSeconds } from "../../cost/gpu-count.ts";
import type { Job } from "../../cost/job.ts";
import { unitView } from "../../cost/unit.ts";
import { type Fleet, totalGpus } from "../../fleet/fleet.ts";
import { idealOf } from "../target.ts";
import { type Choices, lagrangianBound } from "./lagrangian.ts";
import { meanBusyTimes, srptCompletions } from "./squashed.ts";

export type { Choices } from "./lagrangian.ts";

export interface JctBound {
  /** Of the average JCT. */
  readonly seconds: number;
  /** Every job alone on its best number of GPUs: what the others are measured by. */
  readonly trivialSeconds: number;
}

/** Steps of the price between two completions of the pooled machine, at least so many in all. */
const LEAST_STEPS = 48;
/** The pooled machine's sum of JCTs is a little below the best schedule's: the prices are steered towards so much more. */
const TARGET = 1.25;

/** Throws without jobs, or for a job without a choice that has at most `gpus`. */
export function averageJctLowerBound(jobs: readonly Choices[], gpus: number): JctBound {
  if (jobs.length === 0) throw new Error("no jobs to bound");
  const pruned = jobs.map(({ choices, submitSeconds }) => ({
    submitSeconds,
    choices: worthwhile(choices, gpus),
  }));
  const shortest = pruned.map(({ choices }) => Math.min(...choices.map(({ seconds }) => seconds)));
  const squashed = pruned.map(({ choices, submitSeconds }) => ({
    submitSeconds,
    area: Math.min(...choices.map((choice) => choice.gpus * choice.seconds)),
  }));
  const submitted = sum(pruned.map(({ submitSeconds }) => submitSeconds));
  const completions = srptCompletions(squashed, gpus);
  const trivial = sum(shortest);
  const srpt = sum(completions) - submitted;
  const busy = sum(meanBusyTimes(squashed, gpus)) + trivial / 2 - submitted;
  const simple = Math.max(trivial, srpt, busy);
  const edges = edgesFor(completions);
  const prices = edges
    .slice(1)
    .map((edge, i) => unfinished(pruned, completions, (edge + edges[i]!) / 2) / gpus);
  const lagrangian = lagrangianBound(pruned, gpus, edges, prices, TARGET * simple);
  return {
    seconds: Math.max(simple, lagrangian) / jobs.length,
    trivialSeconds: trivial / jobs.length,
  };
}

/** The bound of core's own jobs; counts that do not fit in memory are no choice. Times are those of the fastest GPU type. */
export function averageJctBoundOf(jobs: readonly Job[], fleet: Fleet): JctBound {
  const choices = jobs.map((job): Choices => {
    const view = unitView(job, fleet);
    const types = [...new Set(view.fleet.regions.map(({ gpuType }) => gpuType))];
    const secondsOn = (gpus: number) =>
      Math.min(...types.map((type) => idealIterationSeconds(view.job, type, gpus / view.unitGpus)));
    return {
      submitSeconds: job.submitSeconds,
      choices: idealOf(job, fleet).counts.map((gpus) => ({
        gpus,
        seconds: job.iterations * secondsOn(gpus),
      })),
    };
  });
  return averageJctLowerBound(choices, totalGpus(fleet));
}

/** Without those that have more GPUs and are not faster. */
function worthwhile(choices: Choices["choices"], gpus: number): Choices["choices"] {
  const possible = choices.filter((choice) => choice.gpus <= gpus).sort((a, b) => a.gpus - b.gpus);
  if (possible.length === 0) throw new Error(`a job that does not fit ${gpus} GPUs has no JCT`);
  let fastest = Number.POSITIVE_INFINITY;
  return possible.filter(({ seconds }) => {
    const better = seconds < fastest;
    if (better) fastest = seconds;
    return better;
  });
}

/** 0, the pooled machine's completions, and points between them where they are far apart. */
function edgesFor(completions: readonly number[]): number[] {
  const ends = [...new Set([0, ...completions])].sort((a, b) => a - b);
  const last = ends[ends.length - 1]!;
  const grid = Array.from({ length: LEAST_STEPS }, (_, i) => (1.5 * last * (i + 1)) / LEAST_STEPS);
  return [...new Set([...ends, ...grid])].sort((a, b) => a - b);
}

function unfinished(jobs: readonly Choices[], completions: readonly number[], at: number): number {
  return jobs.filter(({ submitSeconds }, job) => submitSeconds <= at && completions[job]! > at).length;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
