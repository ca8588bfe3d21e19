/**
 * Microseconds of the timing pass for 1F1B: `npx tsx bench/timing-pass.ts`.
 *
 * Three columns: the pass alone over a compiled schedule, compiling alone, and everything from generator to
 * makespan (`iterationSeconds`). Each figure is the median of repeated runs after a warm-up, stages unequal,
 * one slow hop.
 */

import {
  compileSchedule,
  generators,
  iterationSeconds,
  type Timing,
  timeSchedule,
} from "../packages/core/src/pipeline/index.ts";
import { medianMicroseconds } from "./timing.ts";

const sizes = [
  [4, 8],
  [8, 32],
  [16, 64],
  [64, 256],
] as const;

process.stdout.write("stages  micro-batches  actions   time us  compile us  whole us\n");
for (const [stages, microbatches] of sizes) {
  const timing = unequalTiming(stages);
  const schedule = generators["1f1b"].build({ ranks: stages, microbatches });
  const compiled = compileSchedule(schedule);
  const cells = [
    String(stages).padStart(6),
    String(microbatches).padStart(13),
    String(compiled.actionCount).padStart(7),
    median(() => timeSchedule(compiled, timing)).padStart(8),
    median(() => compileSchedule(schedule)).padStart(10),
    median(() => iterationSeconds("1f1b", microbatches, timing)).padStart(8),
  ];
  process.stdout.write(`${cells.join("  ")}\n`);
}

function unequalTiming(stages: number): Timing {
  const perStage = (seconds: number) =>
    Array.from({ length: stages }, (_, stage) => seconds * (1 + (stage % 3) / 10));
  const slow = { latencySeconds: 0.02, occupancySeconds: 0.01 };
  return {
    forwardSeconds: perStage(0.01),
    inputGradSeconds: perStage(0.01),
    weightGradSeconds: perStage(0.01),
    overheadSeconds: 0.0001,
    links: [
      { ...slow, fromRank: stages / 2 - 1, toRank: stages / 2 },
      { ...slow, fromRank: stages / 2, toRank: stages / 2 - 1 },
    ],
  };
}

function median(work: () => unknown): string {
  return medianMicroseconds(work).toFixed(1);
}
