// A fleet of measured cloud regions: reads the files that are named, and joins them to a scenario.
import {
  commonWindow,
  fleetYaml,
  hourlySeries,
  type ImportedRegion,
  type NetworkTier,
  nameHint,
  type SeriesQuantity,
  type SourcedSeries,
  skyplaneNetwork,
  withoutZone,
} from "@bace-pipe/core/spec";
import { badInput } from "../failure.ts";
import { readNamed } from "../files.ts";
import type { Io } from "../io.ts";
import type { NamedRegion } from "./arguments.ts";
import { taken } from "./taken.ts";

export interface FleetArguments {
  readonly regions: readonly NamedRegion[];
  readonly throughput: string;
  readonly latency: string;
  readonly cost: string;
  readonly tier: NetworkTier;
  readonly gateways: number;
  readonly gpuType: string;
  readonly gpus: number;
  readonly prices: readonly string[];
  readonly carbon: readonly string[];
  readonly flatPrice: number;
  readonly from?: number;
  readonly to?: number;
  readonly name: string;
}

/** YAML of the scenario. */
export async function fleetOf(options: FleetArguments, io: Io): Promise<string> {
  const { regions, gateways, tier, name, gpuType, gpus } = options;
  const files = {
    throughput: await readNamed(options.throughput, io),
    latency: await readNamed(options.latency, io),
    cost: await readNamed(options.cost, io),
  };
  const measured = regions.map(({ measuredAs }) => measuredAs);
  const network = taken(skyplaneNetwork(files, measured, tier), Object.values(files), io);
  const prices = await seriesByRegion(options.prices, regions, "price", io);
  const carbon = await seriesByRegion(options.carbon, regions, "carbon", io);
  const all = [...prices.values(), ...carbon.values()];
  const asked = { fromSeconds: options.from, toSeconds: options.to };
  if (all.length === 0 && (options.from !== undefined || options.to !== undefined)) {
    throw badInput(
      "nothing-to-cut",
      "--from and --to cut series, and there are none",
      "add --prices or --carbon",
    );
  }
  const window = all.length > 0 ? taken(commonWindow(all, asked), [], io) : undefined;
  const withFigures = regions.map((region): ImportedRegion => {
    const price = prices.get(region.name) ?? options.flatPrice;
    return { ...region, price, carbon: carbon.get(region.name) };
  });
  const flat = regions.filter((region) => !prices.has(region.name));
  if (flat.length > 0) {
    const names = flat.map((region) => region.name).join(", ");
    io.err.write(`no --prices for ${names}: ${options.flatPrice} USD/kWh is assumed\n`);
  }
  const sources = { throughput: options.throughput, latency: options.latency, cost: options.cost };
  return fleetYaml(withFigures, network, {
    name,
    gpuType,
    gpusPerRegion: gpus,
    gateways,
    tier,
    sources,
    window,
  });
}

/** Of arguments such as `tokyo=JP-TK_2024.csv`; a region may be called as in --regions before or after the `=`. */
async function seriesByRegion(
  assignments: readonly string[],
  regions: readonly NamedRegion[],
  quantity: SeriesQuantity,
  io: Io,
): Promise<ReadonlyMap<string, SourcedSeries>> {
  const found = new Map<string, SourcedSeries>();
  for (const assignment of assignments) {
    const [, called, path, column] = /^([^=]+)=([^#]+)(?:#(.+))?$/.exec(assignment) ?? [];
    if (called === undefined || path === undefined) {
      throw badInput("invalid-argument", `"${assignment}" is not region=file`, "write tokyo=prices.csv");
    }
    const region = regions.find((one) => one.name === called || one.measuredAs === withoutZone(called));
    if (!region) {
      const hint = nameHint(
        called,
        regions.map((one) => one.name),
      );
      throw badInput("unknown-region", `"${called}" of "${assignment}" is not in --regions`, hint);
    }
    if (found.has(region.name)) {
      throw badInput("duplicate-name", `region "${called}" has two files of ${quantity}`, "give one");
    }
    const file = await readNamed(path, io);
    const series = taken(hourlySeries(file.text, file.file, { quantity, column }), [file], io);
    found.set(region.name, { file: file.file, series });
  }
  return found;
}
