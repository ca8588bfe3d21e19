/**
 * A pipeline in whole units of time: what the exact model is made of. Being a pipeline like others, it gives starts of
 * schedules in the model's units, and a bound on the model's own optimum, which rounding may put below the true one.
 */

import { lowerBoundSeconds } from "../bound/bound.ts";
import { type Pipeline, timingOf } from "../pipeline.ts";
import type { Timing } from "../timing.ts";
import { type TimeScale, timeScale, wholeUnits } from "./scale.ts";

/** What becomes of backwards; of all of them the same. */
export type ExactForm = { readonly backward: "split" | "whole" };

/** One stage per rank, in the order of ranks. */
export function stagesInOrder({ ranks }: Pipeline): readonly number[] {
  return Array.from({ length: ranks }, (_, rank) => rank);
}

/** Seconds of `rounded` are units of `scale`; its ranks have one chunk, and its blocks have their overhead in their times. */
export function inUnits(
  pipeline: Pipeline,
  { backward }: ExactForm,
): { readonly scale: TimeScale; readonly rounded: Pipeline } {
  const { chunks, hops, microbatches, ranks } = pipeline;
  const rankOfStage = stagesInOrder(pipeline);
  const form = { generator: "exact", stages: ranks, microbatches, ranks: [], rankOfStage };
  const timing = timingOf(pipeline, form);
  const scale = scaleOf(timing, microbatches);
  const units = (seconds: number) => wholeUnits(seconds, scale);
  const { forwardSeconds, inputGradSeconds, overheadSeconds: overhead, weightGradSeconds } = timing;
  const inputUnits = inputGradSeconds.map((input) => units(backward === "split" ? input + overhead : input));
  const weightUnits = weightGradSeconds.map((weight, stage) =>
    backward === "split"
      ? units(weight + overhead)
      : units(inputGradSeconds[stage]! + weight + overhead) - inputUnits[stage]!,
  );
  const hopUnits = (some: Pipeline["hops"]) =>
    some.map(({ latencySeconds, occupancySeconds }) => ({
      latencySeconds: units(latencySeconds),
      occupancySeconds: units(occupancySeconds),
    }));
  const rounded: Pipeline = {
    ranks,
    microbatches,
    chunks: 1,
    forwardSeconds: forwardSeconds.map((forward) => units(forward + overhead)),
    inputGradSeconds: inputUnits,
    weightGradSeconds: weightUnits,
    overheadSeconds: 0,
    hops: hopUnits(hops),
    ...(pipeline.backHops && { backHops: hopUnits(pipeline.backHops) }),
    memoryCap: pipeline.memoryCap.map((cap) => cap / chunks),
    ...(timing.gradientSyncs && {
      gradients: timing.gradientSyncs.map(({ rank: _rank, stage: _stage, ...sync }) => ({
        ...sync,
        reduceSeconds: units(sync.reduceSeconds),
        gatherSeconds: units(sync.gatherSeconds),
      })),
    }),
  };
  return { scale, rounded };
}

/** No starts of `exactModel` of the same pipeline and form end before this many of its units. */
export function lowerBoundUnits(pipeline: Pipeline, form: ExactForm): number {
  const { rounded } = inUnits(pipeline, form);
  // Sums of whole numbers are exact, but the bound divides too; a whisker above one is rounding.
  return Math.ceil(lowerBoundSeconds(rounded, { rankOfStage: stagesInOrder(rounded) }) - 1e-6);
}

function scaleOf(timing: Timing, microbatches: number): TimeScale {
  const { forwardSeconds, gradientSyncs = [], inputGradSeconds, links, weightGradSeconds } = timing;
  const overhead = timing.overheadSeconds;
  const blocks = [...forwardSeconds, ...inputGradSeconds, ...weightGradSeconds];
  const hops = links.flatMap(({ latencySeconds, occupancySeconds }) => [latencySeconds, occupancySeconds]);
  const syncs = gradientSyncs.flatMap(({ gatherSeconds, reduceSeconds }) => [gatherSeconds, reduceSeconds]);
  const sum = (seconds: readonly number[]) => seconds.reduce((before, time) => before + time, 0);
  const total = microbatches * (sum(blocks) + blocks.length * overhead + sum(hops)) + sum(syncs);
  return timeScale([...blocks, overhead, ...hops, ...syncs], total);
}
