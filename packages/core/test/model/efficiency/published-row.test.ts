import { describe, expect, it } from "vitest";
import { type ReadRow, type RowColumn, readPublishedRow } from "../../../src/model/efficiency/index.ts";
import { modelFlops } from "../../../src/model/index.ts";

// Llama 3.1 8B on 8 H100, fully sharded.
const LLAMA: Partial<Record<RowColumn, string>> = {
  source_id: "mine",
  params_b: "8.03",
  layers: "32",
  hidden: "4096",
  heads: "32",
  kv_heads: "8",
  ffn: "14336",
  vocab: "128256",
  seq_len: "8192",
  gpu: "h100_80gb",
  num_gpus: "8",
  fsdp: "8",
  gbs_seq: "16",
  mbs: "2",
  precision: "bf16",
  recompute: "selective",
  iter_time_s: "2.5",
};
const read = (changes: Partial<Record<RowColumn, string>> = {}): ReadRow =>
  readPublishedRow((column) => ({ ...LLAMA, ...changes })[column] ?? "");
const measured = (changes: Partial<Record<RowColumn, string>>) => {
  const row = read(changes);
  if (row.kind !== "row") throw new Error(JSON.stringify(row));
  return row;
};

describe("a row becomes a run", () => {
  it("with what it says", () => {
    const { row, assumed } = measured({});
    expect(assumed).toEqual([]);
    expect(row).toMatchObject({ source: "mine", iterationSeconds: 2.5 });
    expect(row.run).toMatchObject({
      gpu: { name: "h100_80gb", peakFlopsPerSecond: 989e12 },
      shape: { feedForward: "swiglu", tiedEmbeddings: false, keyValueHeads: 8 },
      dataParallel: 8,
      tensorParallel: 1,
      sharded: true,
      fusedAttention: true,
      precision: "bf16",
    });
  });

  it("with defaults for what it leaves open, and says which matter", () => {
    const { row, assumed } = measured({ mbs: "", ffn: "nan", recompute: "", params_b: "", fsdp: "n/a" });
    expect(assumed).toEqual(["ffn", "mbs", "recompute"]);
    expect(row.run).toMatchObject({
      microbatchSize: 1,
      sharded: false,
      shape: { feedForwardSize: 16_384, feedForward: "gelu" },
    });
  });

  it.each([
    ["amp_bf16", "bf16", true],
    ["fp16?", "bf16", false],
    ["float8", "fp8", true],
    ["mxfp8", "fp8", true],
  ])("of precision %s", (precision, products, fusedAttention) => {
    expect(measured({ precision }).row.run).toMatchObject({ precision: products, fusedAttention });
  });

  it("with seconds from tokens per second", () => {
    const { row } = measured({ iter_time_s: "", tokens_per_s_per_gpu: "6667" });
    expect(row.iterationSeconds).toBeCloseTo((16 * 8192) / (6667 * 8), 9);
  });

  it.each([
    ["noncausal attention; no recompute", "full", false],
    ["causal attention; no recompute", "causal", false],
    ["noncausal attention; full recompute counted (HFU-like)", "full", true],
  ] as const)("with seconds from TFLOP/s by %s", (convention, attention, fullRecomputation) => {
    const { row } = measured({ iter_time_s: "", tflops_per_gpu: "400", flops_convention: convention });
    const counted = modelFlops(row.run.shape, { sequenceLength: 8192, attention, fullRecomputation }).total;
    expect(row.iterationSeconds).toBeCloseTo((16 * counted) / (400e12 * 8), 9);
  });
});

describe("a row is refused with a reason", () => {
  it.each<[Partial<Record<RowColumn, string>>, column: RowColumn, reason: string]>([
    [{ ep: "8" }, "ep", "expert parallelism"],
    [{ model: "Mixtral-8x7B" }, "model", "mixture of experts"],
    [{ precision: "nvfp4" }, "precision", "only bf16, fp16 and fp8"],
    [{ gpu: "RTX-3090+Titan-RTX" }, "gpu", "several GPU types"],
    [{ iter_time_s: "" }, "flops_convention", "neither iter_time_s nor"],
    [
      { iter_time_s: "", tflops_per_gpu: "400" },
      "flops_convention",
      "does not say whether attention is causal",
    ],
  ])("%j", (changes, column, reason) => {
    expect(read(changes)).toEqual({ kind: "refused", column, reason: expect.stringContaining(reason) });
  });
});

describe("a row is wrong, with what to do", () => {
  it.each<[Partial<Record<RowColumn, string>>, column: RowColumn, message: string, hint: string]>([
    [{ layers: "32.5" }, "layers", "not a whole number above 0", "correct"],
    [{ hidden: "" }, "hidden", "hidden is empty", "fill it in"],
    [{ iter_time_s: "-1" }, "iter_time_s", "not a number above 0", "correct"],
    [{ gpu: "H900" }, "gpu", "the peak of", "peak_bf16_tflops"],
    [{ dp: "4" }, "num_gpus", "tp·pp·cp·dp is 4, num_gpus is 8", "degrees"],
    [{ tp: "3" }, "num_gpus", "no multiple of tp·pp·cp, 3", "degrees"],
    [{ gbs_seq: "8" }, "gbs_seq", "less than dp·mbs, 16", "in sequences"],
    [{ params_b: "70" }, "params_b", "8.03 billion parameters, not 70", "correct layers"],
    [{ recompute: "some" }, "recompute", "some", "none, selective or full"],
    [{ attention: "flash" }, "attention", "flash", "fused or unfused"],
  ])("%j", (changes, column, message, hint) => {
    expect(read(changes)).toEqual({
      kind: "wrong",
      column,
      message: expect.stringContaining(message),
      hint: expect.stringContaining(hint),
    });
  });

  it("even where it would be refused too", () => {
    expect(read({ ep: "8", layers: "" })).toMatchObject({ kind: "wrong", column: "layers" });
  });
});
