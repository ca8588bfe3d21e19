// `bace calibrate`: the time model fitted to a user's own measured runs. Needs no service.
import { calibrateSystems, type SystemCalibration } from "@bace-pipe/core";
import { figure, share } from "@bace-pipe/core/format";
import { measuredRuns } from "@bace-pipe/core/spec";
import type { Command } from "commander";
import { readNamed } from "../files.ts";
import { taken } from "../import/taken.ts";
import type { Colors, Io } from "../io.ts";
import { type Format, outputOption, rendered } from "../render/output.ts";
import { type Column, table } from "../render/table.ts";

export function calibrateCommand(program: Command, io: Io): void {
  program
    .command("calibrate")
    .description("fit the time model to measured training runs: how fast which GPUs are on which system")
    .argument("<rows>", "CSV file of runs, or - for standard input")
    .addOption(outputOption())
    .addHelpText(
      "before",
      `Examples:
  bace calibrate runs.csv
  bace calibrate runs.csv -o json
`,
    )
    .addHelpText(
      "after",
      `
A row is a run. One row per GPU type and source already helps; runs that differ in model, sequence or micro-batch help most.

Columns that every row needs:
  layers, hidden, heads, vocab   the model
  seq_len, gbs_seq               tokens per sequence, sequences per iteration over all replicas
  gpu, num_gpus                  such as H100; another name needs peak_bf16_tflops
  and one of                     iter_time_s, tokens_per_s_per_gpu, tflops_per_gpu (with flops_convention, which says
                                 "causal" or "noncausal attention", and "recompute counted" where it is)
Columns that may be left out:
  source_id                      rows of one system have one name
  kv_heads, ffn, params_b, arch  default: heads; 4·hidden; gated or plain feed-forward by params_b or arch
  tp, pp, vpp, dp, cp, fsdp      parallel degrees; default 1, dp from num_gpus
  mbs                            sequences per micro-batch; default 1
  precision                      bf16, fp16 or fp8
  recompute                      none, selective or full
  attention                      fused, or unfused where scores go through memory

Runs of mixtures of experts, of several GPU types at once, and in other precisions are left out.
Exit codes: 0 done, 2 the file is wrong or has no usable row.`,
    )
    .action(async (name: string, { output }: { readonly output: Format }) => {
      const source = await readNamed(name, io);
      const runs = taken(measuredRuns(source.text, source.file), [source], io);
      const systems = calibrateSystems(runs);
      io.out.write(rendered(output, { systems }, (wide) => calibrationText(systems, io.out.colors, wide)));
    });
}

const COLUMNS: readonly Column<SystemCalibration>[] = [
  { heading: "GPU", cell: ({ gpu }) => gpu },
  { heading: "SOURCE", cell: ({ source }) => source },
  { heading: "ROWS", align: "right", cell: ({ before }) => String(before.count) },
  { heading: "BEFORE", align: "right", cell: ({ before }) => share(before.mean) },
  { heading: "P90", align: "right", cell: ({ before }) => share(before.p90) },
  { heading: "AFTER", align: "right", cell: ({ after }) => share(after.mean) },
  { heading: "P90", align: "right", cell: ({ after }) => share(after.p90) },
  { heading: "HELD OUT", align: "right", cell: ({ heldOut }) => share(heldOut?.mean) },
  { heading: "P90", align: "right", cell: ({ heldOut }) => share(heldOut?.p90) },
];

/** Without `-o wide` the terms that moved most. */
const SHOWN_TERMS = 4;

function calibrationText(systems: readonly SystemCalibration[], colors: Colors, wide: boolean): string {
  const errors = table(COLUMNS, systems, { colors, wide });
  const snippets = systems.map(({ gpu, source, moved, efficiency: { median, least, most } }) => {
    const shown = wide ? moved : moved.slice(0, SHOWN_TERMS);
    const range = `${least.toFixed(2)} to ${most.toFixed(2)} over these runs`;
    const terms = shown.map(({ term, from, to }) => `#   ${term} ${figure(from)} → ${figure(to)}\n`).join("");
    return `\n# ${gpu}, ${source}: ${range}\n${terms}efficiency: ${median.toFixed(2)}\n`;
  });
  const legend =
    "Mean and 90th percentile of the error of iteration time; held out: by a fit to all other rows.\n";
  return `${errors}${colors.dim(legend)}${snippets.join("")}`;
}
