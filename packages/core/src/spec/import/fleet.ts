// A scenario file (YAML) of measured links and published series, with the source of each figure in its comments: text
// that a person goes on editing. It ends with its last link, so that a file of jobs can be put behind it as it is.
import type { HourlySeries } from "./hourly.ts";
import type { MissingLink, NetworkTier, SkyplaneNetwork } from "./skyplane.ts";
import { formatUtc } from "./utc.ts";
import { type SourcedSeries, seriesIn, type Window } from "./window.ts";

const HOURS_PER_LINE = 24;

export interface ImportedRegion {
  /** In the scenario. */
  readonly name: string;
  /** As Skyplane calls it, without zone. */
  readonly measuredAs: string;
  /** A flat price that somebody assumed, or a series. */
  readonly price: number | SourcedSeries;
  readonly carbon?: SourcedSeries | undefined;
}

export interface FleetOptions {
  readonly name: string;
  readonly gpuType: string;
  readonly gpusPerRegion: number;
  /** VM pairs that carry a link together. */
  readonly gateways: number;
  readonly tier: NetworkTier;
  /** Names of the files that the network is from. */
  readonly sources: { readonly throughput: string; readonly latency: string; readonly cost: string };
  /** What part of the series is second 0 and on; needed where a region has a series. */
  readonly window?: Window | undefined;
}

/** YAML that `parseScenario` takes. Regions are those of the network, in the order that they are given in. */
export function fleetYaml(
  regions: readonly ImportedRegion[],
  { links, missing }: SkyplaneNetwork,
  options: FleetOptions,
): string {
  const { name, gpuType, gpusPerRegion, gateways, tier, sources, window } = options;
  const nameOf = new Map(regions.map((region) => [region.measuredAs, region.name]));
  const lines = [
    comment(`${regions.length} regions: ${regions.map(({ measuredAs }) => measuredAs).join(", ")}.`),
    comment("gpuType, gpus, pue: chosen, not measured."),
    comment(
      `bandwidthBitsPerSecond: ${gateways} gateways × the rate of one VM pair (median; GCP's ${tier} tier), ${sources.throughput}.`,
    ),
    comment(`latencySeconds: half of the mean round trip, ${sources.latency}.`),
    comment(`egressUsdPerGb: ${sources.cost}.`),
    ...(window ? [comment(`Second 0 is ${formatUtc(window.fromSeconds)} UTC.`)] : []),
    "version: 1",
    `name: ${JSON.stringify(name)}`,
    "",
    "regions:",
    ...regions.flatMap((region) => [
      comment(region.measuredAs, 2),
      `  - name: ${JSON.stringify(region.name)}`,
      `    gpuType: ${JSON.stringify(gpuType)}`,
      `    gpus: ${gpusPerRegion}`,
      ...priceLines(region.price, window),
      ...(region.carbon ? seriesLines("carbonGramsPerKwh", "carbonGramsPerKwh", region.carbon, window) : []),
      "    pue: 1",
    ]),
    "",
    links.length > 0 ? "links:" : "links: []",
    ...links.flatMap(({ from, to, ...figures }) => [
      comment(
        `${gbps(figures.vmPairBitsPerSecond)} Gbit/s per VM pair (of ${figures.measurements}), ` +
          `round trip ${rounded(figures.roundTripSeconds * 1000, 3)} ms`,
        2,
      ),
      `  - {from: ${JSON.stringify(nameOf.get(from))}, to: ${JSON.stringify(nameOf.get(to))}, ` +
        `bandwidthBitsPerSecond: ${gbps(gateways * figures.vmPairBitsPerSecond)} Gbit/s, ` +
        `latencySeconds: ${rounded(figures.roundTripSeconds * 500, 3)} ms, egressUsdPerGb: ${figures.egressUsdPerGb}}`,
    ]),
    ...missing.map((link) => comment(missingText(link), 2)),
    "",
  ];
  return lines.join("\n");
}

function missingText({ from, to, lacks }: MissingLink): string {
  return `No link ${from} → ${to}: no ${lacks.join(", no ")}.`;
}

function priceLines(price: ImportedRegion["price"], window: Window | undefined): string[] {
  if (typeof price === "number") return [`    priceUsdPerKwh: ${price} # Assumed.`];
  return seriesLines("priceUsdPerKwh", "pricesUsdPerKwh", price, window);
}

function seriesLines(
  field: string,
  list: string,
  sourced: SourcedSeries,
  window: Window | undefined,
): string[] {
  if (!window) throw new Error(`a window is needed to cut ${sourced.file}`);
  const { file, series } = sourced;
  const { startSeconds, values } = seriesIn(series, window);
  const digits = decimals(series);
  const rows = Array.from({ length: Math.ceil(values.length / HOURS_PER_LINE) }, (_, i) =>
    values
      .slice(i * HOURS_PER_LINE, (i + 1) * HOURS_PER_LINE)
      .map((value) => rounded(value, digits))
      .join(", "),
  );
  return [
    comment(`${file}, column ${series.column}.`, 4),
    `    ${field}:`,
    `      startSeconds: ${startSeconds}`,
    `      stepSeconds: ${series.stepSeconds}`,
    `      ${list}:`,
    `        [${rows.join(",\n         ")}]`,
  ];
}

/** A hundredth of a USD/MWh, a hundredth of a gram. */
function decimals({ quantity }: HourlySeries): number {
  return quantity === "price" ? 5 : 2;
}

function gbps(bitsPerSecond: number): string {
  return rounded(bitsPerSecond / 1e9, 3);
}

function rounded(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}

/** On one line, whatever a file is called. */
function comment(text: string, indent = 0): string {
  return `${" ".repeat(indent)}# ${text.replaceAll(/\s+/g, " ")}`;
}
