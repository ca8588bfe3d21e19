/**
 * Makespans that other projects' own generators gave, row by row, and which of our generators answers which row. The
 * table is not part of the repository.
 */

import { existsSync, readFileSync } from "node:fs";
import {
  type GeneratorName,
  generators,
  type Pipeline,
  type Schedule,
  warmupOneFOneB,
} from "../../../src/pipeline/index.ts";

const file = new URL("../../../../../../shared/data/schedules/ref_makespans.csv", import.meta.url);
export const tablePresent = existsSync(file);

export type Row = Readonly<Record<string, string>>;

/** Empty where the table is absent. Fields may be quoted and then hold commas; there are no quotes inside quotes. */
export function readTable(): readonly Row[] {
  if (!tablePresent) return [];
  const [header = [], ...records] = readFileSync(file, "utf8")
    .trimEnd()
    .split(/\r?\n/)
    .map((line) =>
      [...line.matchAll(/(?:^|,)(?:"([^"]*)"|([^,]*))/g)].map(([, quoted, bare]) => quoted ?? bare ?? ""),
    );
  return records.map((fields) =>
    Object.fromEntries(header.map((name, column) => [name, fields[column] ?? ""])),
  );
}

export const nameOfRow = (row: Row) =>
  `${row["source"]}, ${row["schedule"]}, p=${row["p"]} m=${row["m"]}, F=${row["F"]}, ${row["comm_model"]}`;

export type Answer = { readonly generator: GeneratorName | "1f1b-warmup" } | { readonly notCovered: string };

/** The first rule whose expressions match schedule and source. */
const rules: readonly (readonly [schedule: RegExp, source: RegExp, answer: Answer])[] = [
  [/./, /_simulate_comms_compute/, { notCovered: "counts steps, is not a time" }],
  [/./, /^EXACT/, { notCovered: "by the greedy that knows times: crosspipe.test.ts" }],
  [
    /^greedy|^wave|^Hanayo/,
    /^CrossPipe/,
    { notCovered: "by the greedy that knows times: crosspipe.test.ts" },
  ],
  [/^InterleavedZeroBubble$/, /./, { notCovered: "by the greedy that knows times: crosspipe.test.ts" }],
  [/^V-1F1B$/, /./, { notCovered: "by the greedy that knows times: crosspipe.test.ts" }],
  [/^interleave_overlap/, /./, { notCovered: "one warm-up forward more, for overlap: no generator here" }],
  [/^1f1b_overlap$/, /./, { generator: "1f1b-warmup" }],
  [/^1F1B$|^1f1b$/, /./, { generator: "1f1b" }],
  [/^GPipe$/, /./, { generator: "gpipe" }],
  [/^Interleaved1F1B|^IV1F1B|^interleave v/, /./, { generator: "interleaved-1f1b" }],
  [/^LoopedBFS$/, /./, { generator: "looped-bfs" }],
  [/^ZB$/, /mem=1p/, { generator: "zb-h1" }],
  [/^ZBH1$|^zb1p$/, /./, { generator: "zb-h1" }],
  [/^ZB$/, /mem=2p|unlimited/, { generator: "zb-h2" }],
  [/^ZB-V|^ZBV/, /./, { generator: "zb-v" }],
  [/^V-half$/, /./, { generator: "v-half" }],
  [/^V-min$/, /./, { generator: "v-min" }],
  [/^DualPipeV$|^dualpipe_v$/, /./, { generator: "dualpipe-v" }],
  [/^dualpipe$/, /./, { generator: "dualpipe" }],
];

export function answerTo(row: Row): Answer {
  const rule = rules.find(
    ([schedule, source]) => schedule.test(row["schedule"]!) && source.test(row["source"]!),
  );
  if (!rule) throw new Error(`no rule for ${nameOfRow(row)}`);
  return rule[2];
}

/** Our schedule for a row. A row's costs are per chunk where it has two. */
export function scheduleFor(row: Row, generator: GeneratorName | "1f1b-warmup"): Schedule {
  const shape = { ranks: Number(row["p"]), microbatches: Number(row["m"]), chunks: chunksOf(row) };
  if (generator !== "1f1b-warmup") return generators[generator].build(shape);
  // 2(p-1-s)+1 forwards ahead, where 1F1B runs p-1-s.
  return warmupOneFOneB(
    shape,
    Array.from({ length: shape.ranks }, (_, stage) => shape.ranks - stage),
  );
}

const chunksOf = (row: Row) => (row["v_chunks"] === "2" ? 2 : 1);

export const latencyOf = (row: Row) =>
  Number(
    /(?:uniform per hop|uniform p2p_latency|one-way latency|cut mid, latency) ([\d.]+)/.exec(
      row["comm_model"]!,
    )![1],
  );

const occupancyOf = (row: Row) => Number(/link occupancy ([\d.]+)/.exec(row["comm_model"]!)?.[1] ?? 0);

/** "uniform per hop 0.5", "uniform p2p_latency 0.5", or "2 DCs, cut after stage p/2-1, one-way latency 0.5 (...)". */
export function pipelineOf(row: Row): Pipeline {
  const ranks = Number(row["p"]);
  const uniform = row["comm_model"]!.startsWith("uniform");
  const perRank = (column: string) => Array.from({ length: ranks }, () => Number(row[column]));
  return {
    ranks,
    microbatches: Number(row["m"]),
    chunks: chunksOf(row),
    forwardSeconds: perRank("F"),
    inputGradSeconds: perRank("B_in(D/I)"),
    weightGradSeconds: perRank("W"),
    overheadSeconds: 0,
    hops: Array.from({ length: ranks - 1 }, (_, hop) => ({
      latencySeconds: uniform || hop === ranks / 2 - 1 ? latencyOf(row) : 0,
      occupancySeconds: hop === ranks / 2 - 1 ? occupancyOf(row) : 0,
    })),
    memoryCap: Array.from({ length: ranks }, () => Infinity),
  };
}
