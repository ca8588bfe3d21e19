/**
 * 1F1B, also called PipeDream-Flush (Narayanan et al., arXiv 2006.09503; Megatron-LM, arXiv 2104.04473).
 *
 * Stage s runs p-1-s forwards ahead, then one forward and one backward by turns, then the backwards that are
 * left. It holds min(m, p-s) activations. Leaves out: extra warm-up, interleaving, split backwards.
 */

import type { Action, Schedule } from "../schedule.ts";
import { assertShape, type PipelineShape, range } from "./shape.ts";

export function oneFOneB(shape: PipelineShape): Schedule {
  assertShape(shape);
  const { stages, microbatches } = shape;
  return {
    generator: "1f1b",
    stages,
    microbatches,
    ranks: range(stages).map((stage) =>
      actionsOfStage(stage, Math.min(microbatches, stages - 1 - stage), shape),
    ),
    rankOfStage: range(stages),
  };
}

function actionsOfStage(stage: number, ahead: number, { microbatches }: PipelineShape): readonly Action[] {
  const actions: Action[] = [];
  for (let microbatch = 0; microbatch < microbatches + ahead; microbatch++) {
    if (microbatch < microbatches) actions.push({ kind: "F", stage, microbatch });
    if (microbatch >= ahead) actions.push({ kind: "B", stage, microbatch: microbatch - ahead });
  }
  return actions;
}
