// Measurements of the network between cloud regions that the Skyplane project publishes (Jain et al., NSDI 2023;
// skyplane-project/skyplane, Apache-2.0): iperf3 between one VM pair, round trips, egress prices. Several rows of a pair
// count by their median. The rate is what arrived (`throughput_received`): in a test of five seconds what was sent is
// more, by what still lies in buffers. Regions are written provider:region; a zone suffix of GCP (-a) may be left out.
// Left out: intra-region figures, rates of several VM pairs (they are assumed to add up), prices of GCP's standard tier.
import { readCsv } from "../csv.ts";
import { type Diagnostic, nameHint } from "../diagnostic.ts";
import {
  counted,
  type Imported,
  imported,
  medianOf,
  type NamedText,
  numberCell,
  refused,
} from "./imported.ts";

export interface SkyplaneFiles {
  readonly throughput: NamedText;
  readonly latency: NamedText;
  readonly cost: NamedText;
}

/** Of GCP: over Google's own network as far as it goes, or over the public internet. Others have PREMIUM only. */
export const NETWORK_TIERS = ["PREMIUM", "STANDARD"] as const;
export type NetworkTier = (typeof NETWORK_TIERS)[number];

export interface MeasuredLink {
  readonly from: string;
  readonly to: string;
  /** One VM pair with 64 connections, as received. */
  readonly vmPairBitsPerSecond: number;
  /** How many measurements the rate is the median of. */
  readonly measurements: number;
  readonly roundTripSeconds: number;
  readonly egressUsdPerGb: number;
}

export interface MissingLink {
  readonly from: string;
  readonly to: string;
  /** What was not measured or priced. */
  readonly lacks: readonly string[];
}

export interface SkyplaneNetwork {
  readonly links: readonly MeasuredLink[];
  readonly missing: readonly MissingLink[];
}

/** Round trips of the two directions differ by a few per cent between most regions. */
const MOST_UNEQUAL = 1.5;

interface Columns {
  readonly from: string;
  readonly fromTier: string;
  readonly to: string;
  readonly toTier: string;
  readonly value: string;
  readonly success?: string;
}

const THROUGHPUT: Columns = {
  from: "src_region",
  fromTier: "src_tier",
  to: "dst_region",
  toTier: "dst_tier",
  value: "throughput_received",
  success: "success",
};
const LATENCY: Columns = {
  from: "src_region",
  fromTier: "src_tier",
  to: "dst_region",
  toTier: "dst_tier",
  value: "avg_rtt",
};
const COST: Columns = {
  from: "src",
  fromTier: "src_tier",
  to: "dest",
  toTier: "dest_tier",
  value: "cost",
};

/** Links between all ordered pairs of the regions; pairs that lack a figure are warned of, and in `missing`. */
export function skyplaneNetwork(
  files: SkyplaneFiles,
  regions: readonly string[],
  tier: NetworkTier = "PREMIUM",
): Imported<SkyplaneNetwork> {
  const names = regions.map(withoutZone);
  const throughput = figuresOf(files.throughput, THROUGHPUT, names, tier);
  const latency = figuresOf(files.latency, LATENCY, names, tier);
  // There are no others.
  const cost = figuresOf(files.cost, COST, names, "PREMIUM");
  const problems = [throughput, latency, cost].flatMap((figures) => (figures.ok ? [] : figures.diagnostics));
  if (!throughput.ok || !latency.ok || !cost.ok) return refused(problems);
  const warnings = [throughput, latency, cost].flatMap((figures) => figures.warnings);
  if (tier === "STANDARD") {
    const message = "there are no egress prices of the standard tier: those of the premium tier are taken";
    const hint = "correct egressUsdPerGb by hand where it matters";
    warnings.push(placed("unmeasured-link", files.cost.file, message, hint));
  }
  const links: MeasuredLink[] = [];
  const missing: MissingLink[] = [];
  for (const [from, to] of pairsOf(names)) {
    const rates = throughput.value.get(keyOf(from, to));
    const roundTrips = latency.value.get(keyOf(from, to));
    const prices = cost.value.get(keyOf(from, to));
    if (rates && roundTrips && prices) {
      links.push({
        from,
        to,
        vmPairBitsPerSecond: medianOf(rates),
        measurements: rates.length,
        roundTripSeconds: medianOf(roundTrips) / 1000,
        egressUsdPerGb: medianOf(prices),
      });
      continue;
    }
    const lacks = [
      ...(rates ? [] : ["rate"]),
      ...(roundTrips ? [] : ["round trip"]),
      ...(prices ? [] : ["price"]),
    ];
    missing.push({ from, to, lacks });
    const file = (rates ? (roundTrips ? files.cost : files.latency) : files.throughput).file;
    const message = `${from} → ${to} has no ${lacks.join(", no ")}`;
    warnings.push(
      placed("unmeasured-link", file, message, "the link is left out; add it by hand if it exists"),
    );
  }
  warnings.push(...contradictions(links, files.latency.file));
  return imported({ links, missing }, warnings);
}

/** A round trip is the same from both ends; where it is not, one of the two took a detour or waited in a queue. */
function contradictions(links: readonly MeasuredLink[], file: string): Diagnostic[] {
  const known = new Map(links.map(({ from, to, roundTripSeconds }) => [keyOf(from, to), roundTripSeconds]));
  return links.flatMap(({ from, to, roundTripSeconds }) => {
    const back = known.get(keyOf(to, from)) ?? roundTripSeconds;
    if (roundTripSeconds <= MOST_UNEQUAL * back) return [];
    const milliseconds = (seconds: number) => `${(seconds * 1000).toFixed(1)} ms`;
    const message = `the round trip ${from} → ${to} is ${milliseconds(roundTripSeconds)}, back ${milliseconds(back)}`;
    return [
      placed("odd-measurement", file, message, "taken as measured; correct latencySeconds if it matters"),
    ];
  });
}

/** "gcp:us-east4-a" → "gcp:us-east4". */
export function withoutZone(region: string): string {
  return region.startsWith("gcp:") ? region.replace(/-[a-z]$/, "") : region;
}

/** Positive figures by pair, of the rows between the regions in the tier. */
function figuresOf(
  { text, file }: NamedText,
  columns: Columns,
  regions: readonly string[],
  tier: NetworkTier,
): Imported<ReadonlyMap<string, readonly number[]>> {
  const table = readCsv(text, file, Object.values(columns));
  if (!table.ok) return table;
  const tierOf = (region: string) => (region.startsWith("gcp:") ? tier : "PREMIUM");
  const figures = new Map<string, number[]>();
  const known = new Set<string>();
  const wanted = new Set(regions);
  const problems: Diagnostic[] = [];
  const failed: Diagnostic[] = [];
  for (const row of table.value.rows) {
    const [from, to] = [withoutZone(row.get(columns.from)), withoutZone(row.get(columns.to))];
    known.add(from).add(to);
    if (from === to || !wanted.has(from) || !wanted.has(to)) continue;
    if (row.get(columns.fromTier) !== tierOf(from) || row.get(columns.toTier) !== tierOf(to)) continue;
    if (columns.success && row.get(columns.success).toLowerCase() !== "true") {
      failed.push(
        row.diagnostic(columns.success, "rows-left-out", "", "they say that the measurement failed"),
      );
      continue;
    }
    const value = numberCell(row, columns.value, problems);
    // Egress may be free; a rate or a round trip of nothing is a mistake.
    if (value < 0 || (value === 0 && columns !== COST)) {
      const hint = "correct the row or remove it";
      problems.push(row.diagnostic(columns.value, "csv-value", `${value} is not a measurement`, hint));
    }
    const key = keyOf(from, to);
    figures.set(key, [...(figures.get(key) ?? []), value]);
  }
  for (const region of columns === THROUGHPUT ? regions : []) {
    if (known.has(region)) continue;
    const { header } = table.value;
    const message = `no row has region "${region}"`;
    problems.push(header.diagnostic(columns.from, "unknown-region", message, nameHint(region, [...known])));
  }
  if (problems.length > 0) return refused(problems);
  const warnings = failed.slice(0, 1).map((first) => ({
    ...first,
    message: `${counted(failed.length, "row")} of failed measurements left out, this one first`,
  }));
  return imported(figures, warnings);
}

function pairsOf(names: readonly string[]): [string, string][] {
  return names.flatMap((from) => names.filter((to) => to !== from).map((to): [string, string] => [from, to]));
}

function keyOf(from: string, to: string): string {
  return `${from} ${to}`;
}

function placed(code: Diagnostic["code"], file: string, message: string, hint: string): Diagnostic {
  return { code, file, line: 1, column: 1, field: "", message, hint };
}
