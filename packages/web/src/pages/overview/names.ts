// Names of regions on the map: beside their circles, where there is room for them.
import type { Size, Spot } from "./positions.ts";

/** In letters; the title of a circle has all of it. */
const LONGEST = 24;
/** Of more names a map is full: the largest regions come first. */
const MOST = 12;
/** Of a letter in bold, and of the name with the figure below it. */
const LETTER_PIXELS = 6.8;
const [ABOVE_PIXELS, BELOW_PIXELS] = [10, 16];
/** From a circle with its ring to its name. */
const GAP_PIXELS = 8;

export interface Name {
  readonly text: string;
  /** Where it begins, or ends where it stands on the left of its circle. */
  readonly x: number;
  readonly anchor: "start" | "end";
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** By region. Of a small fleet each has a name, on a side with room if there is one; of a large one only those with room. */
export function namesOf(spots: readonly Spot[], { width }: Size): ReadonlyMap<string, Name> {
  const taken = spots.map(circleBox);
  const names = new Map<string, Name>();
  for (const spot of [...spots].sort((a, b) => b.region.gpus - a.region.gpus)) {
    if (names.size === MOST) break;
    const sides = (["start", "end"] as const).map((anchor) => placed(spot, anchor));
    const isFree = ({ box }: (typeof sides)[number]) =>
      box.left >= 0 && box.right <= width && !taken.some((other) => overlaps(box, other));
    const found =
      sides.find(isFree) ?? (spots.length <= MOST ? sides[spot.x > 0.75 * width ? 1 : 0] : undefined);
    if (!found) continue;
    taken.push(found.box);
    names.set(spot.region.name, found.name);
  }
  return names;
}

function placed({ radius, region, x, y }: Spot, anchor: Name["anchor"]): { name: Name; box: Box } {
  const text = region.name.length > LONGEST ? `${region.name.slice(0, LONGEST - 1)}…` : region.name;
  const width = text.length * LETTER_PIXELS;
  const edge = anchor === "start" ? x + radius + GAP_PIXELS : x - radius - GAP_PIXELS;
  const left = anchor === "start" ? edge : edge - width;
  const box = { left, right: left + width, top: y - ABOVE_PIXELS, bottom: y + BELOW_PIXELS };
  return { name: { text, x: edge, anchor }, box };
}

function circleBox({ radius, x, y }: Spot): Box {
  return { left: x - radius, right: x + radius, top: y - radius, bottom: y + radius };
}

function overlaps(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
