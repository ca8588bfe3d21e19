/**
 * GPipe (Huang et al., arXiv 1811.06965): all forwards, then all backwards.
 *
 * A cut costs its latency twice per iteration whatever m is, and every stage holds m activations. Backwards
 * run in the order 0..m-1, as PyTorch's `ScheduleGPipe` does; the paper's reversed order takes the same time.
 */

import type { Schedule } from "../schedule.ts";
import { assertShape, type Generator, type PipelineShape, range } from "./shape.ts";

export const gpipe: Generator = { build };

function build(shape: PipelineShape): Schedule {
  assertShape(shape);
  const { ranks: stages, microbatches } = shape;
  return {
    generator: "gpipe",
    stages,
    microbatches,
    ranks: range(stages).map((stage) => [
      ...range(microbatches).map((microbatch) => ({ kind: "F", stage, microbatch }) as const),
      ...range(microbatches).map((microbatch) => ({ kind: "B", stage, microbatch }) as const),
    ]),
    rankOfStage: range(stages),
  };
}
