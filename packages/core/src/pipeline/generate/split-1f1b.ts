/** 1F1B with its backwards split and weight gradients put off: what ZB-H1 and ZB-H2 have in common. */

import type { Action, Schedule } from "../schedule.ts";
import { assertShape, type PipelineShape, range } from "./shape.ts";

export type SplitRule = {
  /** Forwards that the stage runs before it does one forward and one backward by turns; all of them if there are fewer. */
  readonly forwardsAhead: number;
  /** Input gradients by which the stage's weight gradients lag. */
  readonly weightLag: number;
};

/** F I W by turns, where W is that of `weightLag` micro-batches earlier; the weight gradients that are left come last. */
export function splitOneFOneB(
  generator: string,
  shape: PipelineShape,
  ruleOf: (stage: number) => SplitRule,
): Schedule {
  assertShape(shape);
  const { microbatches, ranks: stages } = shape;
  return {
    generator,
    stages,
    microbatches,
    ranks: range(stages).map((stage) => actionsOfStage(stage, ruleOf(stage), microbatches)),
    rankOfStage: range(stages),
  };
}

function actionsOfStage(
  stage: number,
  { forwardsAhead, weightLag }: SplitRule,
  microbatches: number,
): readonly Action[] {
  const ahead = Math.min(microbatches, forwardsAhead);
  const actions: Action[] = [];
  const push = (kind: "F" | "I" | "W", microbatch: number) => {
    if (microbatch >= 0 && microbatch < microbatches) actions.push({ kind, stage, microbatch });
  };
  for (let turn = 0; turn < microbatches + ahead + weightLag; turn++) {
    push("F", turn);
    push("I", turn - ahead);
    push("W", turn - ahead - weightLag);
  }
  return actions;
}
