// Model FLOP utilisation computed from the shape and a published speed, against the utilisation published with it.
// The table is not part of the repository: ../shared/data/models/published_throughput.csv beside it, where present.
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type ModelShape, modelFlops } from "../../src/model/index.ts";

const table = new URL("../../../../../shared/data/models/published_throughput.csv", import.meta.url);
const present = existsSync(table);
if (!present) process.stderr.write(`SKIPPED: published utilisation is not checked, no ${table.pathname}\n`);

/** Rows of a CSV with quoted fields, as records. */
function readCsv(text: string): Record<string, string>[] {
  const cells = (line: string) =>
    Array.from(line.matchAll(/(?:^|,)(?:"([^"]*)"|([^,]*))/g), ([, quoted, plain]) => quoted ?? plain ?? "");
  const [header, ...lines] = text.trim().split(/\r?\n/).map(cells);
  return lines.map((line) => Object.fromEntries(line.map((cell, i) => [header![i]!, cell])));
}

function shapeOf(row: Record<string, string>): ModelShape {
  const heads = Number(row["heads"]);
  return {
    hiddenSize: Number(row["hidden"]),
    layers: Number(row["layers"]),
    attentionHeads: heads,
    keyValueHeads: Number(row["kv_heads"] || heads),
    feedForwardSize: Number(row["ffn"]),
    vocabularySize: Number(row["vocab"]),
    feedForward: "gelu",
    tiedEmbeddings: row["arch"] !== "nemotron",
  };
}

/**
 * FLOPs that the row's source counts for one sequence. All count full attention; those that say so count the repeated
 * forward. The MPT benchmark takes 6 FLOPs per parameter, its learned position table (one row per position) included.
 */
function countedFlops(row: Record<string, string>): number {
  const shape = shapeOf(row);
  const sequenceLength = Number(row["seq_len"]);
  const fullRecomputation = row["flops_convention"]!.includes("recompute counted");
  const positions = row["arch"] === "mpt" ? 6 * sequenceLength * (sequenceLength * shape.hiddenSize) : 0;
  return modelFlops(shape, { sequenceLength, attention: "full", fullRecomputation }).total + positions;
}

describe.skipIf(!present)("published utilisation", () => {
  const rows = present ? readCsv(readFileSync(table, "utf8")).filter((row) => row["flops_convention"]) : [];
  const perGpu = (row: Record<string, string>) => {
    const speed = row["tokens_per_s_per_gpu"]
      ? Number(row["tokens_per_s_per_gpu"]) / Number(row["seq_len"])
      : Number(row["gbs_seq"]) / Number(row["iter_time_s"]) / Number(row["num_gpus"]);
    return countedFlops(row) * speed;
  };
  const worst = (errors: readonly number[]) => Math.max(...errors.map(Math.abs));

  it("is met within 1 % by all 106 rows that publish speed and utilisation (103 MPT, 3 Nemotron-4)", () => {
    const errors = rows
      .filter((row) => row["mfu_pct"])
      .map((row) => {
        const peak = Number(row["peak_bf16_tflops"]) * 1e12 * (row["precision"]!.includes("fp8") ? 2 : 1);
        return perGpu(row) / peak / (Number(row["mfu_pct"]) / 100) - 1;
      });
    expect(errors).toHaveLength(106);
    expect(worst(errors)).toBeLessThan(0.01);
  });

  it("is met within 1 % by the one row that publishes iteration time and TFLOP/s (GPT-175B, recomputation counted)", () => {
    const published = rows.filter((row) => row["tflops_per_gpu"] && row["iter_time_kind"] === "published");
    const errors = published.map((row) => perGpu(row) / (Number(row["tflops_per_gpu"]) * 1e12) - 1);
    expect(errors).toHaveLength(1);
    expect(worst(errors)).toBeLessThan(0.01);
  });
});
