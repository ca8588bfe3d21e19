// Columns of a table of measured runs, and what reading one row of it can end in.
import type { MeasuredRun } from "./fit.ts";

/** At least one of MEASURE_COLUMNS must be there besides. */
export const REQUIRED_COLUMNS = [
  "layers",
  "hidden",
  "heads",
  "vocab",
  "seq_len",
  "gpu",
  "num_gpus",
  "gbs_seq",
] as const;

export const MEASURE_COLUMNS = ["iter_time_s", "tokens_per_s_per_gpu", "tflops_per_gpu"] as const;

export const OPTIONAL_COLUMNS = [
  "source_id",
  "arch",
  "model",
  "params_b",
  "kv_heads",
  "ffn",
  "peak_bf16_tflops",
  "tp",
  "pp",
  "vpp",
  "dp",
  "cp",
  "ep",
  "fsdp",
  "mbs",
  "precision",
  "recompute",
  "attention",
  "flops_convention",
] as const;

export type RowColumn =
  | (typeof REQUIRED_COLUMNS)[number]
  | (typeof MEASURE_COLUMNS)[number]
  | (typeof OPTIONAL_COLUMNS)[number];

export type ReadRow =
  | { readonly kind: "row"; readonly row: MeasuredRun; readonly assumed: readonly RowColumn[] }
  | { readonly kind: "refused"; readonly column: RowColumn; readonly reason: string }
  | {
      readonly kind: "wrong";
      readonly column: RowColumn;
      readonly message: string;
      /** What to do. */
      readonly hint: string;
    };

/** A cell's text; empty where the table lacks the column. */
export type Cells = (column: RowColumn) => string;

export type Stop = Exclude<ReadRow, { readonly kind: "row" }>;
