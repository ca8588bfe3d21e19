// Every generator's schedule of one pipeline: what `bace schedule -o json` says, a table of it, and the timelines asked
// for. Runs in a worker.

import { compareSchedules, type Pipeline, timelineElement } from "@bace-pipe/core/pipeline";
import {
  bestOf,
  legendOf,
  type Measured,
  measuredCandidates,
  noScheduleProblem,
  type Outcome,
  type Problem,
  pictureOf,
  pipelineOfFlags,
  type Result,
  resultOf,
  rowsOf,
  scheduleColumns,
} from "@bace-pipe/core/shell";
import { version } from "../../../package.json";
import { flagsOf, type Parameters } from "./parameters.ts";

/** A picture with more blocks helps nobody, and a browser takes seconds for it. */
const MOST_BLOCKS = 12_000;

export interface Asked {
  readonly parameters: Parameters;
  /** Names of generators. */
  readonly drawn: readonly string[];
}

export interface Row {
  readonly generator: string;
  readonly isBest: boolean;
  readonly isRefused: boolean;
  readonly cells: readonly string[];
}

export interface Timeline {
  readonly generator: string;
  /** Markup of ours alone: nothing in it was typed by anybody. Absent where it would be too large. */
  readonly svg: string | undefined;
}

export interface Computed {
  readonly kind: "computed";
  readonly result: Result;
  readonly headings: readonly { readonly name: string; readonly isNumber: boolean }[];
  /** The best first. */
  readonly rows: readonly Row[];
  readonly legend: string;
  readonly timelines: readonly Timeline[];
}

export type Answer = Computed | { readonly kind: "refused"; readonly problem: Problem };

export function computed({ drawn, parameters }: Asked): Answer {
  const made = pipelineOfFlags(flagsOf(parameters));
  if (!made.ok) return { kind: "refused", problem: made.problem };
  const pipeline = made.value;
  const comparison = compareSchedules(pipeline);
  const candidates = measuredCandidates(comparison);
  const best = bestOf(pipeline, candidates, comparison.best?.generator);
  if (!best) {
    const problem = {
      ...{ code: "no-schedule" as const, message: noScheduleProblem(candidates) },
      hint: "change the sizes",
    };
    return { kind: "refused", problem };
  }
  const outcome: Outcome = { best, candidates };
  const columns = scheduleColumns(pipeline).filter(({ wide }) => !wide);
  return {
    kind: "computed",
    result: resultOf(outcome, { pipeline, request: { kind: "auto" } }, version),
    headings: columns.map(({ align, heading }) => ({ name: heading, isNumber: align === "right" })),
    rows: rowsOf(outcome).map((candidate) => ({
      generator: candidate.generator,
      isBest: candidate === best,
      isRefused: candidate.kind === "refused",
      cells: columns.map(({ cell }) => cell(candidate)),
    })),
    legend: legendOf(pipeline),
    timelines: rowsOf(outcome).flatMap((candidate) =>
      candidate.kind === "schedule" && drawn.includes(candidate.generator)
        ? [timelineOf(pipeline, candidate)]
        : [],
    ),
  };
}

function timelineOf(pipeline: Pipeline, measured: Measured): Timeline {
  const { evaluation, generator } = measured;
  const blocks = evaluation.schedule.ranks.reduce((sum, actions) => sum + actions.length, 0);
  const svg = blocks > MOST_BLOCKS ? undefined : timelineElement(evaluation, pictureOf(pipeline, measured));
  return { generator, svg };
}
