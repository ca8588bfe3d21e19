// From points that a source publishes to one curve: of several that speak of the same time the finest counts, equal
// neighbours are one step, and behind a gap nothing is believed: nobody says what holds in it.
import type { Curve } from "@bace-pipe/core";

export interface Point {
  readonly fromSeconds: number;
  readonly untilSeconds: number;
  readonly value: number;
}

const DAY_SECONDS = 86_400;
const DAYS_AHEAD = 7;

/** The run without a gap that holds now, or else the next one; undefined where everything is over. */
export function curveOf(points: readonly Point[], nowSeconds: number): Curve | undefined {
  const runs = runsOf(finest(points.filter(isNear(nowSeconds))));
  const run = runs.find((each) => each.at(-1)!.untilSeconds > nowSeconds);
  if (!run) return undefined;
  const steps = run.filter((step, i) => i === 0 || step.value !== run[i - 1]!.value);
  return {
    fromSeconds: steps.map(({ fromSeconds }) => fromSeconds),
    values: steps.map(({ value }) => value),
    untilSeconds: run.at(-1)!.untilSeconds,
  };
}

/** From yesterday on, by whole days: a source that keeps years would say another curve each time that it is asked. */
function isNear(nowSeconds: number): (point: Point) => boolean {
  const today = Math.floor(nowSeconds / DAY_SECONDS) * DAY_SECONDS;
  return ({ fromSeconds, untilSeconds }) =>
    untilSeconds > today - DAY_SECONDS && fromSeconds < today + DAYS_AHEAD * DAY_SECONDS;
}

/** Without overlaps, in order of time. Of equally fine points the first counts. */
function finest(points: readonly Point[]): readonly Point[] {
  const lengthOf = ({ fromSeconds, untilSeconds }: Point) => untilSeconds - fromSeconds;
  const byLength = points
    .filter((point) => lengthOf(point) > 0)
    .toSorted((a, b) => lengthOf(a) - lengthOf(b));
  const instants = [
    ...new Set(byLength.flatMap(({ fromSeconds, untilSeconds }) => [fromSeconds, untilSeconds])),
  ];
  instants.sort((a, b) => a - b);
  const at = new Map(instants.map((seconds, i) => [seconds, i]));
  const taken = new Array<Point | undefined>(instants.length);
  // Of each instant one that is not before the next that is free: each is taken once, however many points overlap.
  const next = instants.map((_, i) => i);
  const freeFrom = (from: number): number => {
    let i = from;
    while (next[i]! !== i) {
      next[i] = next[next[i]!]!;
      i = next[i]!;
    }
    return i;
  };
  for (const point of byLength) {
    const end = at.get(point.untilSeconds)!;
    for (let i = freeFrom(at.get(point.fromSeconds)!); i < end; i = freeFrom(i)) {
      taken[i] = point;
      next[i] = i + 1;
    }
  }
  return taken.flatMap((point, i) =>
    point ? [{ fromSeconds: instants[i]!, untilSeconds: instants[i + 1]!, value: point.value }] : [],
  );
}

function runsOf(points: readonly Point[]): readonly (readonly Point[])[] {
  const runs: Point[][] = [];
  for (const point of points) {
    const last = runs.at(-1);
    if (last?.at(-1)?.untilSeconds === point.fromSeconds) last.push(point);
    else runs.push([point]);
  }
  return runs;
}
