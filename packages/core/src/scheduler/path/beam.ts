// Path search over more regions than the exact one can take: a beam over partial paths, extended by one region at
// either end and level by level (a level holds the paths of one length). A level keeps the fronts of non-dominated
// paths (more GPUs, less delay), the outermost first, until it has `width`: in trials that kept the least delay for
// every GPU count at a fraction of the width that a ranking by one figure, or by several in turn, needs.
// With room for everything it is the exact search: of the paths through one set between two ends, the quickest
// stands for all. Leaves out prices, and regions that are good only for what lies behind them.
import { ascendingRegions, type HopMatrices, isUsable } from "./hops.ts";

export interface BeamOptions {
  /** Paths kept of each length; all regions are kept as paths of length one. */
  readonly width: number;
  /** Most regions of a path. */
  readonly maxLength: number;
}

export interface BeamPath {
  /** In pipeline order; of its two directions the one that starts with the lower region. */
  readonly regions: readonly number[];
  /** Free on the path. */
  readonly gpus: number;
  /** Total over its hops. */
  readonly roundTripSeconds: number;
}

/** A path's extension before it is worth building. */
interface Extension {
  readonly from: BeamPath;
  readonly region: number;
  readonly atHead: boolean;
  readonly gpus: number;
  readonly roundTripSeconds: number;
}

/**
 * Good paths with every hop at the bandwidth needed, each through another set of regions, at most
 * R + width · (maxLength − 1) of them. Those that no other beats in both GPUs and delay come first, the one with most
 * GPUs at the head. `freeGpus` is indexed by region; a region with none is left out, since each needs at least one.
 */
export function beamPaths(
  hops: HopMatrices,
  regions: readonly number[],
  freeGpus: ArrayLike<number>,
  needBitsPerSecond: number,
  { width, maxLength }: BeamOptions,
): readonly BeamPath[] {
  const open = ascendingRegions(hops, regions).filter((region) => freeGpus[region]! > 0);
  const neighbours = new Map(
    open.map((a) => [a, open.filter((b) => isUsable(hops, a * hops.regionCount + b, needBitsPerSecond))]),
  );
  let level: readonly BeamPath[] = open.map((region) => ({
    regions: [region],
    gpus: freeGpus[region]!,
    roundTripSeconds: 0,
  }));
  const found = [...level];
  for (let length = 2; length <= maxLength && level.length > 0; length++) {
    const extensions: Extension[] = [];
    for (const from of level) {
      for (const atHead of [true, false]) {
        const end = atHead ? from.regions[0]! : from.regions.at(-1)!;
        for (const region of neighbours.get(end)!) {
          if (from.regions.includes(region)) continue;
          const hopSeconds = hops.roundTripSeconds[end * hops.regionCount + region]!;
          const roundTripSeconds = from.roundTripSeconds + hopSeconds;
          extensions.push({ from, region, atHead, gpus: from.gpus + freeGpus[region]!, roundTripSeconds });
        }
      }
    }
    level = distinct(frontByFront(extensions), width, extended, sameSetAndEnds);
    found.push(...level);
  }
  return distinct(frontByFront(found), found.length, (path) => path, sameSet);
}

/**
 * Non-dominated paths first, then those that only they dominate, and so on; within a front by falling GPUs. Exact
 * equals, among them the same path reached from its other end, share a front and push nothing back.
 * Lazy, because a level needs the first few fronts of some thousand extensions.
 */
function* frontByFront<T extends Pick<BeamPath, "gpus" | "roundTripSeconds">>(
  paths: readonly T[],
): Iterable<T> {
  const byGpus = new Map<number, T[]>();
  for (const path of paths) {
    const group = byGpus.get(path.gpus);
    if (group) group.push(path);
    else byGpus.set(path.gpus, [path]);
  }
  let groups = [...byGpus].sort(([a], [b]) => b - a).map(([, group]) => group.reverse());
  for (const group of groups) group.sort((a, b) => b.roundTripSeconds - a.roundTripSeconds); // quickest at the end
  while (groups.length > 0) {
    let leastSeconds = Number.POSITIVE_INFINITY;
    for (const group of groups) {
      if (group.at(-1)!.roundTripSeconds >= leastSeconds) continue;
      leastSeconds = group.at(-1)!.roundTripSeconds;
      while (group.at(-1)?.roundTripSeconds === leastSeconds) yield group.pop()!;
    }
    groups = groups.filter((group) => group.length > 0);
  }
}

/** The first `most` paths, built, without those that are the `same` as an earlier one. */
function distinct<T>(
  candidates: Iterable<T>,
  most: number,
  build: (candidate: T) => BeamPath,
  same: (a: BeamPath, b: BeamPath) => boolean,
): readonly BeamPath[] {
  const kept: BeamPath[] = [];
  for (const candidate of candidates) {
    if (kept.length >= most) break;
    const path = build(candidate);
    if (!kept.some((other) => same(path, other))) kept.push(path);
  }
  return kept;
}

function extended({ from, region, atHead, gpus, roundTripSeconds }: Extension): BeamPath {
  const regions = atHead ? [region, ...from.regions] : [...from.regions, region];
  if (regions[0]! > regions.at(-1)!) regions.reverse();
  return { regions, gpus, roundTripSeconds };
}

function sameSetAndEnds(a: BeamPath, b: BeamPath): boolean {
  return a.regions[0] === b.regions[0] && a.regions.at(-1) === b.regions.at(-1) && sameSet(a, b);
}

function sameSet(a: BeamPath, b: BeamPath): boolean {
  return (
    a.gpus === b.gpus &&
    a.regions.length === b.regions.length &&
    a.regions.every((region) => b.regions.includes(region))
  );
}
