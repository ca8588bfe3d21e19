// One row of a table of measured runs, from text to a run: columns as in published tables (`tp`, `pp`, `gbs_seq`, …).
// A row is complete enough to predict from, or wrong (a cell to correct), or refused (right, but of a kind that the
// time model does not know). What a row leaves open is taken as said here, and the row says so in `assumed`:
//   dp           GPUs / (tp·pp·cp)                     mbs         1
//   ffn          4·hidden, plain                        kv_heads    heads
//   recompute    selective                              precision   bf16
//   attention    `fused`; with fp16 `unfused`: such software is from before kernels that keep scores on chip
//   gated or plain feed-forward: whichever comes nearer to params_b; without that, by arch
// Measured time: iter_time_s, else from tokens_per_s_per_gpu, else from tflops_per_gpu as flops_convention counts it.
// mfu_pct is not used: publications differ in the peak that it refers to.
import type { Recomputation } from "../activations.ts";
import { type ModelShape, parameterCount } from "../shape.ts";
import { type Gpu, knownHardware } from "./hardware.ts";
import type { TrainingRun } from "./predict.ts";
import { type RowCells, rowCells } from "./row-cells.ts";
import type { Cells, ReadRow } from "./row-columns.ts";
import { measuredSeconds, precisionOf, shapeOf } from "./row-figures.ts";

const GATED = /llama|qwen|mi[sx]tral|olmo|gemma|swiglu|deepseek/i;
const EXPERTS = /moe|mixtral|\d+x\d+b/i;
/** A shape further from params_b than this is another model's. */
const PARAMETER_TOLERANCE = 0.3;
const RECOMPUTATIONS: readonly Recomputation[] = ["none", "selective", "full"];

export function readPublishedRow(text: Cells): ReadRow {
  const cells = rowCells(text);
  const precision = refusals(cells);
  const gpu = gpuOf(cells);
  const shape = modelOf(cells);
  const scale = scaleOf(cells);
  const recomputation = RECOMPUTATIONS.find((each) => each === cells.text("recompute").toLowerCase());
  if (recomputation === undefined && cells.text("recompute") !== "") {
    cells.wrong("recompute", `recompute is "${cells.text("recompute")}"`, "give none, selective or full");
  }
  cells.assume("recompute");
  const attention = cells.text("attention") || (/fp16/i.test(cells.text("precision")) ? "unfused" : "fused");
  if (attention !== "fused" && attention !== "unfused") {
    cells.wrong("attention", `attention is "${attention}"`, "give fused or unfused");
  }
  const run: TrainingRun = {
    ...scale,
    gpu,
    shape,
    sequenceLength: cells.whole("seq_len"),
    recomputation: recomputation ?? "selective",
    precision,
    fusedAttention: attention === "fused",
    sharded: !/^(|0|1|no|none|false|no_shard)$/i.test(cells.text("fsdp")),
  };
  const seconds = measuredSeconds(
    run,
    cells.whole("num_gpus"),
    cells.text("flops_convention"),
    cells.positive,
  );
  if (typeof seconds === "string") cells.refuse("flops_convention", seconds);
  const stop = cells.stops.find(({ kind }) => kind === "wrong") ?? cells.stops[0];
  if (stop) return stop;
  const source = cells.text("source_id") || "unnamed";
  return { kind: "row", row: { source, run, iterationSeconds: Number(seconds) }, assumed: cells.assumed };
}

/** Kinds of runs that the time model does not know; the precision of the others. */
function refusals(cells: RowCells): "bf16" | "fp8" {
  if (cells.wholeOr("ep", 1) > 1) cells.refuse("ep", "expert parallelism: its all-to-all is not modelled");
  for (const column of ["arch", "model"] as const) {
    if (!EXPERTS.test(cells.text(column))) continue;
    cells.refuse(column, "mixture of experts: no column says how many work on a token");
  }
  const precision = precisionOf(cells.text("precision"));
  if (precision) return precision;
  cells.refuse(
    "precision",
    `precision ${cells.text("precision")}: only bf16, fp16 and fp8 have rows to fit from`,
  );
  return "bf16";
}

function gpuOf(cells: RowCells): Gpu {
  const name = cells.text("gpu");
  const teraflops = cells.positive("peak_bf16_tflops");
  const peak = teraflops === undefined ? knownHardware(name)?.peakFlopsPerSecond : teraflops * 1e12;
  if (name === "") cells.wrong("gpu", "gpu is empty", "name the GPU type, such as H100");
  else if (name.includes("+")) {
    cells.refuse("gpu", "several GPU types in one run: one efficiency cannot stand for them");
  } else if (peak === undefined) {
    const hint = "add peak_bf16_tflops, the dense bf16 peak of its data sheet";
    cells.wrong("gpu", `the peak of "${name}" is not known`, hint);
  }
  return { name, peakFlopsPerSecond: peak ?? 1 };
}

function modelOf(cells: RowCells): ModelShape {
  const hiddenSize = cells.whole("hidden");
  const attentionHeads = cells.whole("heads");
  cells.assume("ffn");
  const dimensions = {
    hiddenSize,
    attentionHeads,
    layers: cells.whole("layers"),
    vocabularySize: cells.whole("vocab"),
    keyValueHeads: cells.wholeOr("kv_heads", attentionHeads),
    feedForwardSize: cells.wholeOr("ffn", 4 * hiddenSize),
  };
  const billions = cells.positive("params_b");
  const parameters = billions === undefined ? undefined : billions * 1e9;
  const shape = shapeOf(dimensions, parameters, GATED.test(cells.text("arch")));
  if (parameters !== undefined && cells.stops.length === 0) {
    const counted = parameterCount(shape);
    if (Math.abs(counted / parameters - 1) > PARAMETER_TOLERANCE) {
      const message = `the shape has ${(counted / 1e9).toPrecision(3)} billion parameters, not ${billions}`;
      cells.wrong("params_b", message, "correct layers, hidden, ffn, vocab or params_b");
    }
  }
  return shape;
}

function scaleOf(cells: RowCells) {
  const degrees = {
    tensorParallel: cells.wholeOr("tp", 1),
    pipelineParallel: cells.wholeOr("pp", 1),
    contextParallel: cells.wholeOr("cp", 1),
    virtualStages: cells.wholeOr("vpp", 1),
  };
  const gpus = cells.whole("num_gpus");
  const perReplica = degrees.tensorParallel * degrees.pipelineParallel * degrees.contextParallel;
  const dataParallel = cells.wholeOr("dp", gpus / perReplica);
  const globalBatchSequences = cells.whole("gbs_seq");
  cells.assume("mbs");
  const microbatchSize = cells.wholeOr("mbs", 1);
  if (perReplica * dataParallel !== gpus) {
    const message = `tp·pp·cp·dp is ${perReplica * dataParallel}, num_gpus is ${gpus}`;
    cells.wrong("num_gpus", message, "correct the degrees or the count");
  } else if (!Number.isInteger(dataParallel)) {
    const message = `${gpus} GPUs are no multiple of tp·pp·cp, ${perReplica}`;
    cells.wrong("num_gpus", message, "correct the degrees or the count");
  } else if (globalBatchSequences < dataParallel * microbatchSize) {
    const message = `${globalBatchSequences} sequences are less than dp·mbs, ${dataParallel * microbatchSize}`;
    cells.wrong("gbs_seq", message, "give the global batch in sequences, mbs per replica");
  }
  return { ...degrees, dataParallel, globalBatchSequences, microbatchSize };
}
