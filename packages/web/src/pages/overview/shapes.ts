// Lines of the map, as SVG paths in pixels.

interface Point {
  readonly x: number;
  readonly y: number;
}

/** How far a curve stands off the straight line, as a share of its length. There and back are two curves. */
const BEND = 0.16;

/** A curve from one point to another; undefined where one of them is not on the map. */
export function arcBetween(from: Point | undefined, to: Point | undefined): string | undefined {
  if (!from || !to) return undefined;
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const [x, y] = [(from.x + to.x) / 2 + BEND * dy, (from.y + to.y) / 2 - BEND * dx];
  return `M${round(from.x)},${round(from.y)}Q${round(x)},${round(y)} ${round(to.x)},${round(to.y)}`;
}

function round(value: number): number {
  return Math.round(10 * value) / 10;
}
