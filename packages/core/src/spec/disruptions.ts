// From the disruptions of a scenario file to those of the simulator, and to tariffs that change: names become indices.
import { type Fleet, type Link, topologyOf } from "../fleet/fleet.ts";
import { type Series, valueAt } from "../fleet/series.ts";
import { type Disruption, disrupted } from "../simulator/disruption.ts";
import { nameHint } from "./diagnostic.ts";
import type { Reading } from "./reading.ts";
import type { ScenarioInput } from "./schema.ts";

export interface Disrupted {
  readonly disruptions: readonly Disruption[];
  /** The fleet at second 0, with every change of price in its tariffs. */
  readonly fleet: Fleet;
}

interface PriceChange {
  readonly atSeconds: number;
  readonly region: number;
  readonly priceUsdPerKwh: number;
}

export function toDisruptions(
  input: ScenarioInput["disruptions"],
  fleet: Fleet,
  reading: Reading,
): Disrupted {
  const { diagnostics, source } = reading;
  const names = fleet.regions.map(({ name }) => name);
  const { bandwidthBitsPerSecond: known, regionCount } = topologyOf(fleet);
  const prices: PriceChange[] = [];
  let beforeSeconds = 0;
  const disruptions = input.flatMap(({ atSeconds, capacity, link, outage, price }, i): Disruption[] => {
    const path = ["disruptions", i];
    if (atSeconds < beforeSeconds) {
      const message = `${atSeconds} s comes after ${beforeSeconds} s`;
      const hint = "write disruptions in order of time";
      diagnostics.push(source.diagnostic([...path, "atSeconds"], "invalid-field", message, hint));
    }
    beforeSeconds = atSeconds;
    const regionOf = (name: string, ...field: string[]): number => {
      const index = names.indexOf(name);
      const message = `"${name}" is not a region of this fleet`;
      if (index < 0)
        diagnostics.push(
          source.diagnostic([...path, ...field], "unknown-region", message, nameHint(name, names)),
        );
      return index;
    };
    if (capacity) {
      const region = regionOf(capacity.region, "capacity", "region");
      return [{ kind: "capacity", atSeconds, region, gpus: capacity.gpus }];
    }
    if (outage) {
      const region = regionOf(outage.region, "outage", "region");
      return [{ kind: "outage", atSeconds, region, downSeconds: outage.downSeconds }];
    }
    if (price) {
      const region = regionOf(price.region, "price", "region");
      prices.push({ atSeconds, region, priceUsdPerKwh: price.priceUsdPerKwh });
      return [];
    }
    const { bandwidthBitsPerSecond, both, latencySeconds } = link!;
    const [from, to] = [regionOf(link!.from, "link", "from"), regionOf(link!.to, "link", "to")];
    const figures = {
      ...(bandwidthBitsPerSecond === undefined
        ? {}
        : { bandwidthBitsPerSecond: Math.floor(bandwidthBitsPerSecond) }),
      ...(latencySeconds === undefined ? {} : { latencySeconds }),
    };
    const directions: [number, number][] = both
      ? [
          [from, to],
          [to, from],
        ]
      : [[from, to]];
    return directions.map(([a, b]): Disruption => {
      if (a >= 0 && b >= 0 && known[a * regionCount + b] === 0) {
        const message = `there is no link ${names[a]} → ${names[b]}`;
        const hint = a === b ? "name two different regions" : "add it to links, or name another one";
        diagnostics.push(source.diagnostic([...path, "link", "from"], "unknown-link", message, hint));
      }
      return { kind: "link", atSeconds, from: a, to: b, ...figures };
    });
  });
  return { disruptions, fleet: withPrices(fleet, prices) };
}

/** The most GPUs and bandwidth that there ever are: what does not fit there never runs. */
export function fleetAtBest(fleet: Fleet, disruptions: readonly Disruption[]): Fleet {
  let now = fleet;
  let best = fleet;
  for (const change of disruptions) {
    now = disrupted(now, change);
    const regions = best.regions.map((region, i) => ({
      ...region,
      gpus: Math.max(region.gpus, now.regions[i]!.gpus),
    }));
    const links = best.links.map((link, i): Link => {
      const { bandwidthBitsPerSecond } = now.links[i]!;
      return {
        ...link,
        bandwidthBitsPerSecond: Math.max(link.bandwidthBitsPerSecond, bandwidthBitsPerSecond),
      };
    });
    best = { ...best, regions, links };
  }
  return best;
}

function withPrices(fleet: Fleet, prices: readonly PriceChange[]): Fleet {
  if (prices.length === 0) return fleet;
  const regions = fleet.regions.map((region, i) => {
    const own = prices.filter((change) => change.region === i);
    return own.length > 0 ? { ...region, tariff: changedTariff(region.tariff, own) } : region;
  });
  return { ...fleet, regions };
}

/** The tariff until the first change, then the changes. */
function changedTariff(tariff: Series, changes: readonly PriceChange[]): Series {
  const [first] = changes as [PriceChange, ...PriceChange[]];
  const before = stepsOf(tariff).filter(([fromSeconds]) => fromSeconds < first.atSeconds);
  if (before.length === 0 && first.atSeconds > 0) before.push([0, valueAt(tariff, 0)]);
  const steps = [
    ...before,
    ...changes.map(({ atSeconds, priceUsdPerKwh }) => [atSeconds, priceUsdPerKwh] as const),
  ];
  return { kind: "steps", fromSeconds: steps.map(([from]) => from), values: steps.map(([, value]) => value) };
}

function stepsOf(series: Series): (readonly [fromSeconds: number, value: number])[] {
  switch (series.kind) {
    case "flat":
      return [[0, series.value]];
    case "series":
      return series.values.map((value, i) => [series.startSeconds + i * series.stepSeconds, value]);
    case "steps":
      return series.values.map((value, i) => [series.fromSeconds[i]!, value]);
    case "until":
    case "within":
      throw new Error("a file has no figure that expires");
  }
}
