/**
 * 1F1B and GPipe against makespans that other projects' own generators gave (zero-bubble, PyTorch, CrossPipe,
 * PP-Schedule-Visualization). The table is not part of the repository: where it is absent these tests are
 * skipped.
 */

import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  chainLinks,
  compileSchedule,
  type GeneratorName,
  generators,
  scheduleStats,
  timeSchedule,
} from "../../src/pipeline/index.ts";

const file = new URL("../../../../../shared/data/schedules/ref_makespans.csv", import.meta.url);
const present = existsSync(file);

const generatorOf: Readonly<Record<string, GeneratorName>> = {
  "1F1B": "1f1b",
  "1f1b": "1f1b",
  GPipe: "gpipe",
};

type Row = Readonly<Record<string, string>>;

/** Fields may be quoted and then hold commas; there are no quotes inside quotes. */
function parseCsv(text: string): readonly Row[] {
  const [header = [], ...records] = text
    .trimEnd()
    .split(/\r?\n/)
    .map((line) =>
      [...line.matchAll(/(?:^|,)(?:"([^"]*)"|([^,]*))/g)].map(([, quoted, bare]) => quoted ?? bare ?? ""),
    );
  return records.map((fields) =>
    Object.fromEntries(header.map((name, column) => [name, fields[column] ?? ""])),
  );
}

/**
 * "uniform per hop 0.5", "uniform p2p_latency 0.5", or "2 DCs, cut after stage p/2-1, one-way latency 0.5
 * (...)".
 */
function linksOf(model: string, stages: number) {
  const uniform = /^uniform (?:per hop|p2p_latency) ([\d.]+)$/.exec(model);
  const cut = /^2 DCs, cut after stage p\/2-1, one-way latency ([\d.]+)/.exec(model);
  const latency = uniform?.[1] ?? cut?.[1];
  if (latency === undefined) throw new Error(`unknown communication model: ${model}`);
  const hops = Array.from({ length: stages - 1 }, (_, hop) => ({
    latencySeconds: uniform || hop === stages / 2 - 1 ? Number(latency) : 0,
    occupancySeconds: 0,
  }));
  return chainLinks(hops);
}

describe("reference makespans", () => {
  const rows = present
    ? parseCsv(readFileSync(file, "utf8")).filter((row) => row["schedule"]! in generatorOf)
    : [];

  test("the table has rows for both schedules", ({ skip }) => {
    skip(!present, "SKIPPED: ../shared/data/schedules/ref_makespans.csv is not here");
    expect(new Set(rows.map((row) => generatorOf[row["schedule"]!]))).toEqual(new Set(["1f1b", "gpipe"]));
  });

  test.each(
    rows.map((row, index) => [
      `${index}: ${row["source"]}, ${row["schedule"]}, p=${row["p"]} m=${row["m"]}, ${row["comm_model"]}`,
      row,
    ]),
  )("%s", (_, row) => {
    const stages = Number(row["p"]);
    const perStage = (column: string) => Array.from({ length: stages }, () => Number(row[column]));
    const schedule = generators[generatorOf[row["schedule"]!]!].build({
      ranks: stages,
      microbatches: Number(row["m"]),
    });
    const timed = timeSchedule(compileSchedule(schedule), {
      forwardSeconds: perStage("F"),
      inputGradSeconds: perStage("B_in(D/I)"),
      weightGradSeconds: perStage("W"),
      overheadSeconds: 0,
      links: linksOf(row["comm_model"]!, stages),
    });
    const stats = scheduleStats(timed);
    const known = (column: string, value: number) => (row[column] === "" ? value : Number(row[column]));
    expect(stats.makespanSeconds).toBe(Number(row["makespan"]));
    expect(stats.spanSeconds).toBe(known("max_per_device_span", stats.spanSeconds));
    const peak = Math.max(...stats.peakActivationsOfRank);
    expect(peak).toBe(known("peak_activations_in_chunk_units", peak));
  });
});
