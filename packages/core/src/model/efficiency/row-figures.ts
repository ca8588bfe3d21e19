// What a row of a table means: precision, shape, measured time. The conventions are in published-row.ts.
import { type AttentionCount, modelFlops } from "../flops.ts";
import { type ModelShape, parameterCount } from "../shape.ts";
import type { TrainingRun } from "./predict.ts";
import type { RowColumn } from "./row-columns.ts";

/** Of dense products; undefined where no public rows tell how fast they are. A question mark is the table's doubt. */
export function precisionOf(text: string): TrainingRun["precision"] | undefined {
  if (text === "" || /^(amp_)?(bf16|fp16)(-mixed)?\??$/i.test(text)) return "bf16";
  return /^(amp_|mx)?(fp8|float8)/i.test(text) ? "fp8" : undefined;
}

/** The form of feed-forward and head that comes nearest to the parameter count; gated or not by name without one. */
export function shapeOf(
  dimensions: Omit<ModelShape, "feedForward" | "tiedEmbeddings">,
  parameters: number | undefined,
  gatedByName: boolean,
): ModelShape {
  const forms = (["gelu", "swiglu"] as const).flatMap((feedForward) =>
    [true, false].map((tiedEmbeddings): ModelShape => ({ ...dimensions, feedForward, tiedEmbeddings })),
  );
  const distance = (shape: ModelShape) =>
    parameters === undefined
      ? Number((shape.feedForward === "swiglu") !== gatedByName) + Number(shape.tiedEmbeddings) / 2
      : Math.abs(Math.log(parameterCount(shape) / parameters));
  return forms.reduce((best, shape) => (distance(shape) < distance(best) ? shape : best));
}

/** Seconds, or why there are none. */
export function measuredSeconds(
  run: TrainingRun,
  gpus: number,
  convention: string,
  figure: (column: RowColumn) => number | undefined,
): number | string {
  const { globalBatchSequences, sequenceLength, shape } = run;
  const seconds = figure("iter_time_s");
  if (seconds !== undefined) return seconds;
  const tokens = figure("tokens_per_s_per_gpu");
  if (tokens !== undefined) return (globalBatchSequences * sequenceLength) / (tokens * gpus);
  const teraflops = figure("tflops_per_gpu");
  if (teraflops === undefined) return "neither iter_time_s nor tokens_per_s_per_gpu nor tflops_per_gpu";
  const attention: AttentionCount | undefined = /non-?causal|full attention/i.test(convention)
    ? "full"
    : /causal/i.test(convention)
      ? "causal"
      : undefined;
  if (!attention) return "TFLOP/s alone, and flops_convention does not say whether attention is causal";
  const fullRecomputation = /recompute counted|hfu/i.test(convention);
  const flops = modelFlops(shape, { sequenceLength, attention, fullRecomputation }).total;
  return (globalBatchSequences * flops) / (teraflops * 1e12 * gpus);
}
