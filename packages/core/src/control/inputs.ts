// What is said of a fleet after its file was loaded: regions that are closed to new placements, GPUs that came or went, and
// observed prices, carbon intensities and links. The file's figures stay the base; what is said lies over them, so that a
// figure that expires (fleet/freshness.ts) gives way to the file's.
//
// A fleet that is loaded again keeps what was said of each figure that the file has not changed: the file says nothing new
// about it, and what was said is the younger news. Where the file's own figure is another one, the file is the younger.
//
// Capacity of a link, of which reservations are made, is the greater of the file's figure and the observed one: policies see
// what is believed now (estimated.ts), which is never more, and no figure that expires can break a reservation.
// Latency is believed only: plans that emulate a link emulate the file's.
//
// A price may be said as a figure of now, which ages, or as a curve that somebody published of a time to come, such as an
// auction's prices of tomorrow by quarter of an hour: it says itself until when it holds. Of the two that were said of one
// region the later one lies on top. A curve that is said again with the same values is no news. Power that was measured of
// busy GPUs is a property of the machines, as their number is: it stays until somebody says otherwise.
//
// How many GPUs a region has is said by its file, or by an operator; a cluster that counts them may find fewer. The least counts:
// what was counted takes GPUs away and gives back those alone.
import type { Fleet, Link, Region } from "../fleet/fleet.ts";
import {
  expirySeconds,
  freshProvenance,
  type Observation,
  type Provenance,
  provenanceOf,
} from "../fleet/freshness.ts";
import { type Curve, covers, flat, type Series } from "../fleet/series.ts";

/** Of a region, by its name. */
type RegionFact =
  /** No new placements; what runs goes on. */
  | { readonly kind: "region-cordoned"; readonly region: string }
  | { readonly kind: "region-uncordoned"; readonly region: string }
  /** Cordoned, and what runs there is stopped with a checkpoint and placed elsewhere. */
  | { readonly kind: "region-drained"; readonly region: string }
  | { readonly kind: "capacity-changed"; readonly region: string; readonly gpus: number };

type ObservedFact = Observation &
  (
    | { readonly kind: "price-changed"; readonly region: string; readonly priceUsdPerKwh: number }
    | { readonly kind: "carbon-changed"; readonly region: string; readonly carbonGramsPerKwh: number }
    /** Values in USD per kWh, or in grams per kWh. */
    | ({ readonly kind: "price-curve"; readonly region: string } & Curve)
    | ({ readonly kind: "carbon-curve"; readonly region: string } & Curve)
    /** GPUs of a region on machines that can run jobs, whoever uses them. */
    | { readonly kind: "capacity-counted"; readonly region: string; readonly gpus: number }
    /** Of one busy GPU, without the facility's overhead. */
    | { readonly kind: "power-changed"; readonly region: string; readonly busyWatts: number }
    | {
        readonly kind: "link-changed";
        /** Region names. */
        readonly from: string;
        readonly to: string;
        /** One of the two, or both. */
        readonly bandwidthBitsPerSecond?: number;
        /** One way. */
        readonly latencySeconds?: number;
      }
  );

export type InputFact = RegionFact | ObservedFact;

const KINDS: Readonly<Record<InputFact["kind"], true>> = {
  "region-cordoned": true,
  "region-uncordoned": true,
  "region-drained": true,
  "capacity-changed": true,
  "capacity-counted": true,
  "price-changed": true,
  "carbon-changed": true,
  "price-curve": true,
  "carbon-curve": true,
  "power-changed": true,
  "link-changed": true,
};

export function isInputFact<T extends { readonly kind: string }>(
  fact: T,
): fact is Extract<T, { readonly kind: InputFact["kind"] }> {
  return Object.hasOwn(KINDS, fact.kind);
}

export interface ObservedFigure extends Observation {
  readonly value: number;
}

export interface ObservedCurve extends Observation, Curve {}

export interface RegionChange {
  readonly name: string;
  readonly cordon?: "cordoned" | "drained";
  readonly gpus?: number;
  readonly counted?: ObservedFigure;
  readonly price?: ObservedFigure;
  readonly carbon?: ObservedFigure;
  readonly priceCurve?: ObservedCurve;
  readonly carbonCurve?: ObservedCurve;
  readonly busyWatts?: ObservedFigure;
}

export interface LinkChange {
  readonly from: string;
  readonly to: string;
  readonly bandwidth?: ObservedFigure;
  readonly latency?: ObservedFigure;
}

export interface Changes {
  readonly regions: readonly RegionChange[];
  readonly links: readonly LinkChange[];
}

/** The one value of no changes at all. */
export const NO_CHANGES: Changes = { regions: [], links: [] };

export function regionChange({ regions }: Changes, name: string): RegionChange {
  return regions.find((region) => region.name === name) ?? { name };
}

const linkIndexes = new WeakMap<Changes, ReadonlyMap<string, LinkChange>>();

export function linkChange(changes: Changes, from: string, to: string): LinkChange {
  let index = linkIndexes.get(changes);
  if (!index) {
    index = new Map(changes.links.map((link) => [`${link.from} ${link.to}`, link]));
    linkIndexes.set(changes, index);
  }
  return index.get(`${from} ${to}`) ?? { from, to };
}

/** After a sound fact; the same value where it says nothing new, or something older than what is known. */
export function changesAfter(changes: Changes, fact: InputFact): Changes {
  if (fact.kind === "link-changed") {
    const { bandwidthBitsPerSecond, from, latencySeconds, to } = fact;
    const known = linkChange(changes, from, to);
    const bandwidth = newer(known.bandwidth, bandwidthBitsPerSecond, fact);
    const latency = newer(known.latency, latencySeconds, fact);
    if (bandwidth === known.bandwidth && latency === known.latency) return changes;
    return withLink(changes, {
      ...{ from, to },
      ...(bandwidth ? { bandwidth } : {}),
      ...(latency ? { latency } : {}),
    });
  }
  const known = regionChange(changes, fact.region);
  switch (fact.kind) {
    case "region-cordoned":
      return known.cordon ? changes : withRegion(changes, { ...known, cordon: "cordoned" });
    case "region-drained":
      return known.cordon === "drained" ? changes : withRegion(changes, { ...known, cordon: "drained" });
    case "region-uncordoned": {
      const { cordon, ...rest } = known;
      return cordon ? withRegion(changes, rest) : changes;
    }
    case "capacity-changed":
      return known.gpus === fact.gpus ? changes : withRegion(changes, { ...known, gpus: fact.gpus });
    case "capacity-counted": {
      const counted = newer(known.counted, fact.gpus, fact);
      return counted === known.counted || counted!.value === known.counted?.value
        ? changes
        : withRegion(changes, { ...known, counted: counted! });
    }
    case "price-changed": {
      const price = newer(known.price, fact.priceUsdPerKwh, fact);
      return price === known.price ? changes : withRegion(changes, { ...known, price: price! });
    }
    case "carbon-changed": {
      const carbon = newer(known.carbon, fact.carbonGramsPerKwh, fact);
      return carbon === known.carbon ? changes : withRegion(changes, { ...known, carbon: carbon! });
    }
    case "price-curve": {
      const priceCurve = newerCurve(known.priceCurve, fact);
      return priceCurve === known.priceCurve ? changes : withRegion(changes, { ...known, priceCurve });
    }
    case "carbon-curve": {
      const carbonCurve = newerCurve(known.carbonCurve, fact);
      return carbonCurve === known.carbonCurve ? changes : withRegion(changes, { ...known, carbonCurve });
    }
    case "power-changed": {
      const busyWatts = newer(known.busyWatts, fact.busyWatts, fact);
      return busyWatts === known.busyWatts
        ? changes
        : withRegion(changes, { ...known, busyWatts: busyWatts! });
    }
  }
}

/** What stays of them when a fleet is loaded again. */
export function changesKept(changes: Changes, before: Fleet, after: Fleet): Changes {
  if (changes === NO_CHANGES) return changes;
  const regions = changes.regions.flatMap((change): RegionChange[] => {
    const [old, now] = [regionNamed(before, change.name), regionNamed(after, change.name)];
    if (!old || !now) return [];
    const { busyWatts, carbon, carbonCurve, cordon, counted, gpus, name, price, priceCurve } = change;
    const sameTariff = isSame(old.tariff, now.tariff);
    const sameCarbon = isSame(old.carbon, now.carbon);
    return [
      {
        name,
        ...(cordon ? { cordon } : {}),
        ...(gpus !== undefined && old.gpus === now.gpus ? { gpus } : {}),
        ...(counted && isSame(old.slurm, now.slurm) ? { counted } : {}),
        ...(price && sameTariff ? { price } : {}),
        ...(carbon && sameCarbon ? { carbon } : {}),
        ...(priceCurve && sameTariff ? { priceCurve } : {}),
        ...(carbonCurve && sameCarbon ? { carbonCurve } : {}),
        ...(busyWatts && isSame(old.gpuType, now.gpuType) ? { busyWatts } : {}),
      },
    ];
  });
  const links = changes.links.flatMap((change): LinkChange[] => {
    const { bandwidth, from, latency, to } = change;
    const [old, now] = [linkNamed(before, from, to), linkNamed(after, from, to)];
    if (!old || !now) return [];
    return [
      {
        ...{ from, to },
        ...(bandwidth && old.bandwidthBitsPerSecond === now.bandwidthBitsPerSecond ? { bandwidth } : {}),
        ...(latency && old.latencySeconds === now.latencySeconds ? { latency } : {}),
      },
    ];
  });
  return withoutEmpty({ regions, links });
}

/** The fleet with what was said of it; the very same value where that is nothing that a fleet holds. */
export function changedFleet(declared: Fleet, changes: Changes): Fleet {
  if (changes === NO_CHANGES) return declared;
  const regions = mapped(declared.regions, (region) => changedRegion(region, changes));
  const links = mapped(declared.links, (link) => changedLink(link, declared, changes));
  if (regions === declared.regions && links === declared.links) return declared;
  return { ...declared, regions, links };
}

/** The last of each region: what was said of one leaves the others the very same values. */
const changedRegions = new WeakMap<Region, { readonly change: RegionChange; readonly region: Region }>();

function changedRegion(declared: Region, changes: Changes): Region {
  const change = changes.regions.find(({ name }) => name === declared.name);
  if (!change) return declared;
  const known = changedRegions.get(declared);
  if (known?.change === change) return known.region;
  const region = regionAfter(declared, change);
  changedRegions.set(declared, { change, region });
  return region;
}

/** What a region is said to have, by its file or an operator. */
export function saidGpus({ gpus }: Pick<Region, "gpus">, said: Pick<RegionChange, "gpus">): number {
  return said.gpus ?? gpus;
}

function regionAfter(region: Region, { busyWatts, counted, ...said }: RegionChange): Region {
  const gpus = Math.min(saidGpus(region, said), counted?.value ?? Number.POSITIVE_INFINITY);
  const tariff = observedSeries("price", said, region.tariff);
  // A region of which nobody knows the carbon intensity counts as none, before and after.
  const carbon = observedSeries("carbon", said, region.carbon ?? flat(0));
  if (gpus === region.gpus && !busyWatts && !tariff && !carbon) return region;
  return {
    ...region,
    gpus,
    ...(tariff ? { tariff } : {}),
    ...(carbon ? { carbon } : {}),
    ...(busyWatts ? { measuredBusyWatts: busyWatts.value } : {}),
  };
}

type SeriesKind = "price" | "carbon";
type SaidSeries = Pick<RegionChange, "price" | "carbon" | "priceCurve" | "carbonCurve">;

/** The file's series under what was said, the later on top; undefined where nothing was. */
function observedSeries(kind: SeriesKind, said: SaidSeries, declared: Series): Series | undefined {
  const { curve, figure } = saidOf(kind, said);
  if (!figure && !curve) return undefined;
  const withFigure = (then: Series): Series =>
    figure ? { kind: "until", value: figure.value, untilSeconds: expirySeconds(kind, figure), then } : then;
  const withCurve = (otherwise: Series): Series => {
    if (!curve) return otherwise;
    const { fromSeconds, untilSeconds, values } = curve;
    return { kind: "within", curve: { fromSeconds, values, untilSeconds }, otherwise };
  };
  return isCurveOnTop(curve, figure) ? withCurve(withFigure(declared)) : withFigure(withCurve(declared));
}

/** With what was said of it; undefined where nobody knows it. */
export function seriesAfter(kind: SeriesKind, region: Region, said: SaidSeries): Series | undefined {
  const declared = kind === "price" ? region.tariff : region.carbon;
  return observedSeries(kind, said, declared ?? flat(0)) ?? declared;
}

/** What a region's price or carbon intensity of now rests on. The age of a curve is since it was first said. */
export function seriesProvenance(kind: SeriesKind, said: SaidSeries, nowSeconds: number): Provenance {
  const { curve, figure } = saidOf(kind, said);
  const ofCurve = curve && covers(curve, nowSeconds) ? freshProvenance(curve, nowSeconds) : undefined;
  const ofFigure = provenanceOf(kind, figure, nowSeconds);
  return ofCurve && (ofFigure.isDefault || isCurveOnTop(curve, figure)) ? ofCurve : ofFigure;
}

function saidOf(kind: SeriesKind, { carbon, carbonCurve, price, priceCurve }: SaidSeries) {
  return kind === "price" ? { figure: price, curve: priceCurve } : { figure: carbon, curve: carbonCurve };
}

function isCurveOnTop(curve: Observation | undefined, figure: Observation | undefined): boolean {
  return !!curve && !!figure && curve.observedAtSeconds > figure.observedAtSeconds;
}

function changedLink(link: Link, { regions }: Fleet, changes: Changes): Link {
  const { bandwidth } = linkChange(changes, regions[link.from]!.name, regions[link.to]!.name);
  if (!bandwidth || bandwidth.value <= link.bandwidthBitsPerSecond) return link;
  return { ...link, bandwidthBitsPerSecond: Math.floor(bandwidth.value) };
}

/** The observation with the later time; a fact of the same time does not replace what is known. */
function newer(
  known: ObservedFigure | undefined,
  value: number | undefined,
  { observedAtSeconds, source }: Observation,
): ObservedFigure | undefined {
  if (value === undefined || (known && known.observedAtSeconds >= observedAtSeconds)) return known;
  return { value, source, observedAtSeconds };
}

/** The same values are no news, whenever they were said. */
function newerCurve(
  known: ObservedCurve | undefined,
  { fromSeconds, observedAtSeconds, source, untilSeconds, values }: Curve & Observation,
): ObservedCurve {
  const said = { fromSeconds, values, untilSeconds };
  if (known) {
    const { fromSeconds: from, untilSeconds: until, values: kept } = known;
    const isNews =
      JSON.stringify([from, kept, until]) !== JSON.stringify([fromSeconds, values, untilSeconds]);
    if (!isNews || known.observedAtSeconds >= observedAtSeconds) return known;
  }
  return { ...said, source, observedAtSeconds };
}

function withRegion({ links, regions }: Changes, changed: RegionChange): Changes {
  return withoutEmpty({ links, regions: [...regions.filter(({ name }) => name !== changed.name), changed] });
}

function withLink({ links, regions }: Changes, changed: LinkChange): Changes {
  const others = links.filter(({ from, to }) => from !== changed.from || to !== changed.to);
  return { regions, links: [...others, changed] };
}

/** Without regions and links of which nothing is said any more. */
function withoutEmpty({ links, regions }: Changes): Changes {
  const changes = {
    regions: regions.filter((region) => Object.keys(region).length > 1),
    links: links.filter((link) => Object.keys(link).length > 2),
  };
  return changes.regions.length === 0 && changes.links.length === 0 ? NO_CHANGES : changes;
}

export function regionNamed({ regions }: Fleet, name: string): Region | undefined {
  return regions.find((region) => region.name === name);
}

export function linkNamed({ links, regions }: Fleet, from: string, to: string): Link | undefined {
  return links.find((link) => regions[link.from]!.name === from && regions[link.to]!.name === to);
}

function isSame<T extends object>(a: T | undefined, b: T | undefined): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/** The very same array where no element changed. */
function mapped<T>(values: readonly T[], change: (value: T) => T): readonly T[] {
  const next = values.map(change);
  return next.some((value, i) => value !== values[i]) ? next : values;
}
