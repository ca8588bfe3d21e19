// Where regions lie on the map: by their coordinates where all of them have some, else around a circle. Circles that would
// lie over one another are moved apart, as little as that takes.
import { type GeoProjection, geoEqualEarth } from "d3-geo";
import type { RegionView } from "../../api.ts";

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Spot {
  readonly region: RegionView;
  readonly x: number;
  readonly y: number;
  readonly radius: number;
}

export interface Layout {
  readonly spots: readonly Spot[];
  /** Undefined where somebody has no coordinates: there is no map then. */
  readonly projection: GeoProjection | undefined;
}

const LEAST_RADIUS = 7;
/** Between circles, in pixels. */
const GAP = 10;
/** Around a circle, in pixels: the share in use. */
const RING = 5;
const ROUNDS = 60;
/** Times the scale at which the whole world fits. */
const CLOSEST = 4;

export function layoutOf(regions: readonly RegionView[], size: Size): Layout {
  const located = regions.map(({ latitude, longitude }) =>
    latitude === null || longitude === null ? undefined : ([longitude, latitude] as [number, number]),
  );
  const points = located.filter((point) => point !== undefined);
  const radiusOf = radii(regions, size);
  if (points.length < regions.length || regions.length === 0)
    return { spots: apart(circle(regions, size, radiusOf), size), projection: undefined };
  const projection = projectionFor(points, size);
  const spots = regions.map((region, i) => {
    const [x, y] = projection(located[i]!) ?? [0, 0];
    return { region, x, y, radius: radiusOf(region) };
  });
  return { spots: apart(spots, size), projection };
}

/** The area is as the number of GPUs. */
function radii(regions: readonly RegionView[], { height, width }: Size): (region: RegionView) => number {
  const most = Math.max(1, ...regions.map(({ gpus }) => gpus));
  const largest = Math.max(
    LEAST_RADIUS,
    Math.min(30, Math.sqrt((width * height) / Math.max(8, regions.length)) / 4),
  );
  return ({ gpus }) => Math.max(LEAST_RADIUS, largest * Math.sqrt(gpus / most));
}

function projectionFor(points: readonly [number, number][], { height, width }: Size): GeoProjection {
  const margin = Math.min(width, height) / 6;
  const frame: [[number, number], [number, number]] = [
    [margin, margin],
    [width - margin, height - margin],
  ];
  // The map is turned so that no path goes around the back of the world: the widest gap in longitude is its edge.
  const projection = geoEqualEarth().rotate([-middleLongitude(points.map(([longitude]) => longitude)), 0]);
  projection.fitExtent(frame, { type: "MultiPoint", coordinates: points.map((point) => [...point]) });
  // Not closer than a continent, and not farther than the world.
  const world = geoEqualEarth().fitSize([width, height], { type: "Sphere" }).scale();
  const fitted = Number.isFinite(projection.scale()) ? projection.scale() : world;
  const center = projection.invert?.([width / 2, height / 2]) ?? points[0]!;
  projection.scale(Math.min(Math.max(fitted, world), CLOSEST * world)).translate([0, 0]);
  const [x, y] = projection(center) ?? [0, 0];
  return projection.translate([width / 2 - x, height / 2 - y]);
}

/** Opposite to the middle of the widest gap between longitudes. */
export function middleLongitude(longitudes: readonly number[]): number {
  const sorted = [...longitudes].sort((a, b) => a - b);
  let [widest, end] = [-1, 0];
  for (const [i, longitude] of sorted.entries()) {
    const gap = longitude - (i === 0 ? sorted.at(-1)! - 360 : sorted[i - 1]!);
    if (gap > widest) [widest, end] = [gap, longitude];
  }
  const middle = end + (360 - widest) / 2;
  return ((middle + 540) % 360) - 180;
}

function circle(
  regions: readonly RegionView[],
  { height, width }: Size,
  radiusOf: (region: RegionView) => number,
): Spot[] {
  return regions.map((region, i) => {
    const angle = (2 * Math.PI * i) / regions.length - Math.PI / 2;
    const [x, y] = [width / 2 + 0.32 * width * Math.cos(angle), height / 2 + 0.32 * height * Math.sin(angle)];
    return { region, x, y, radius: radiusOf(region) };
  });
}

/** Each pair that overlaps moves apart by half of what it lacks; again until none does, or it was enough. */
function apart(spots: readonly Spot[], { height, width }: Size): Spot[] {
  const moved = spots.map((spot) => ({ ...spot }));
  for (let round = 0; round < ROUNDS; round++) {
    let isStill = true;
    for (let i = 0; i < moved.length; i++)
      for (let j = i + 1; j < moved.length; j++) {
        const [a, b] = [moved[i]!, moved[j]!];
        const distance = Math.hypot(b.x - a.x, b.y - a.y);
        const lack = a.radius + b.radius + GAP - distance;
        if (lack <= 0) continue;
        isStill = false;
        // Two at one place part sideways.
        const [dx, dy] = distance > 0.01 ? [(b.x - a.x) / distance, (b.y - a.y) / distance] : [1, 0];
        a.x -= (dx * lack) / 2;
        a.y -= (dy * lack) / 2;
        b.x += (dx * lack) / 2;
        b.y += (dy * lack) / 2;
      }
    if (isStill) break;
  }
  const within = (value: number, radius: number, end: number) =>
    Math.min(Math.max(value, radius + RING), end - radius - RING);
  return moved.map((spot) => ({
    ...spot,
    x: within(spot.x, spot.radius, width),
    y: within(spot.y, spot.radius, height),
  }));
}
