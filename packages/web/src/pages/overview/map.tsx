// The map: regions as circles (area: GPUs, colour: price, ring: share in use), links by what is reserved of them, and the
// paths of running pipelines over it.
import { figure, gpus, pricePerKwh, share } from "@bace-pipe/core/format";
import { geoPath } from "d3-geo";
import { memo, useMemo } from "react";
import type { LoadView, RegionList } from "../../api.ts";
import { addressOf } from "../../location.ts";
import { useWidth } from "../../parts/use-width.ts";
import { LAND } from "./land.ts";
import { type Name, namesOf } from "./names.ts";
import type { Pipeline } from "./pipelines.ts";
import { type Layout, layoutOf, type Spot } from "./positions.ts";
import { colourOf, type PriceScale } from "./price-scale.ts";
import { arcBetween } from "./shapes.ts";

/** Of more links, only those are drawn that carry something. */
const MOST_EMPTY_LINKS = 60;
const MOST_PATHS = 60;

export interface MapProps {
  readonly regions: RegionList;
  readonly load: LoadView;
  readonly pipelines: readonly Pipeline[];
  readonly prices: PriceScale;
  /** Path that somebody looks at, joined by newlines. */
  readonly chosen: string | undefined;
}

export function FleetMap({ chosen, load, pipelines, prices, regions }: MapProps) {
  const [ref, width] = useWidth<HTMLElement>();
  const size = useMemo(() => {
    const wide = width ?? 0;
    return { width: wide, height: Math.round(Math.min(520, Math.max(260, wide * 0.5))) };
  }, [width]);
  const layout = useMemo(() => layoutOf(regions.regions, size), [regions, size]);
  const spotOf = useMemo(() => new Map(layout.spots.map((spot) => [spot.region.name, spot])), [layout]);
  const names = useMemo(() => namesOf(layout.spots, size), [layout, size]);
  const used = regions.regions.reduce(
    (sum, { name, gpus: all }) => sum + all - (load.freeGpus[name] ?? all),
    0,
  );
  const label = `Map of ${regions.regions.length} regions, ${gpus(used)} in use, ${figure(pipelines.length)} paths`;
  return (
    <figure ref={ref} className="map card" aria-label={label}>
      {width !== undefined && (
        // biome-ignore lint/a11y/noSvgWithoutTitle: the figure around it says what it shows; a title would follow the pointer.
        <svg viewBox={`0 0 ${size.width} ${size.height}`} width={size.width} height={size.height}>
          <Land layout={layout} />
          <EmptyLinks regions={regions} spotOf={spotOf} />
          <Reserved regions={regions} load={load} spotOf={spotOf} />
          {layout.spots.map((spot) => {
            const { name } = spot.region;
            return (
              <Region key={name} {...{ spot, prices, free: load.freeGpus[name], shown: names.get(name) }} />
            );
          })}
          <Paths pipelines={pipelines} spotOf={spotOf} chosen={chosen} />
        </svg>
      )}
      {!layout.projection && <p className="small">Not all regions have coordinates: no map.</p>}
    </figure>
  );
}

type Spots = ReadonlyMap<string, Spot>;

function LandShape({ layout: { projection } }: { readonly layout: Layout }) {
  const shape = useMemo(() => (projection ? geoPath(projection).digits(1)(LAND) : null), [projection]);
  return shape && <path className="land" d={shape} />;
}

const Land = memo(LandShape);

function EmptyLinkShapes({ regions, spotOf }: { readonly regions: RegionList; readonly spotOf: Spots }) {
  const links = regions.regions.flatMap(({ links: all, name }) => all.map(({ to }) => [name, to] as const));
  if (links.length > MOST_EMPTY_LINKS) return null;
  const shape = links.flatMap(([from, to]) => arcBetween(spotOf.get(from), spotOf.get(to)) ?? []).join("");
  return <path className="link" d={shape} />;
}

const EmptyLinks = memo(EmptyLinkShapes);

function Reserved({
  load,
  regions,
  spotOf,
}: {
  readonly regions: RegionList;
  readonly load: LoadView;
  readonly spotOf: Spots;
}) {
  const bandwidthOf = useMemo(() => {
    const all = regions.regions.flatMap(({ links, name }) =>
      links.map(({ bandwidthBitsPerSecond, to }) => [`${name}\n${to}`, bandwidthBitsPerSecond] as const),
    );
    return new Map(all);
  }, [regions]);
  return (
    <g className="reserved">
      {load.links.map(({ from, reservedBitsPerSecond, to }) => {
        const shape = arcBetween(spotOf.get(from), spotOf.get(to));
        const part = Math.min(
          1,
          reservedBitsPerSecond / (bandwidthOf.get(`${from}\n${to}`) ?? Number.POSITIVE_INFINITY),
        );
        return (
          shape && (
            <path key={`${from}\n${to}`} d={shape} strokeWidth={2 + 8 * part}>
              <title>{`${from} → ${to}: ${share(part)} reserved`}</title>
            </path>
          )
        );
      })}
    </g>
  );
}

function Paths({
  chosen,
  pipelines,
  spotOf,
}: Pick<MapProps, "pipelines" | "chosen"> & { readonly spotOf: Spots }) {
  const overSeveral = pipelines.filter(({ path }) => path.length > 1).slice(0, MOST_PATHS);
  return (
    <g className="paths-over">
      {overSeveral.map(({ path }) => {
        const key = path.join("\n");
        const hops = path.slice(1).map((to, i) => arcBetween(spotOf.get(path[i]!), spotOf.get(to)) ?? "");
        return (
          <g key={key} className={key === chosen ? "chosen" : undefined}>
            <path className="halo" d={hops.join("")} />
            <path d={hops.join("")} />
          </g>
        );
      })}
    </g>
  );
}

interface RegionProps {
  readonly spot: Spot;
  readonly free: number | undefined;
  readonly prices: PriceScale;
  /** undefined where there is no room for its name. */
  readonly shown: Name | undefined;
}

function RegionShape({ free, prices, shown, spot: { radius, region, x, y } }: RegionProps) {
  const used = region.gpus - (free ?? region.freeGpus);
  const text = `${region.name}: ${used} of ${gpus(region.gpus)} in use, ${pricePerKwh(region.priceUsdPerKwh)}${
    region.cordon ? `, ${region.cordon}` : ""
  }`;
  return (
    <a className="region" href={addressOf(["regions", region.name])}>
      <title>{text}</title>
      <circle cx={x} cy={y} r={radius} style={{ fill: colourOf(prices, region.priceUsdPerKwh) }} />
      <circle className="rim" cx={x} cy={y} r={radius} />
      {used > 0 && region.gpus > 0 && (
        <circle
          className="used"
          {...{ cx: x, cy: y, r: radius + 3, pathLength: 1 }}
          strokeDasharray={`${used / region.gpus} 2`}
          transform={`rotate(-90 ${x} ${y})`}
        />
      )}
      {shown && (
        <text x={shown.x} y={y} textAnchor={shown.anchor}>
          <tspan className="name">{shown.text}</tspan>
          <tspan x={shown.x} dy="1.2em">
            {used} / {region.gpus}
          </tspan>
        </text>
      )}
    </a>
  );
}

const Region = memo(RegionShape);
