// How much bandwidth is worth buying on one hop, and what memory would save: figures by extra forwards, by bandwidth, and
// by one more activation. All times are the timing pass's; the closed form only says where to look.
import { bandwidthPoint, floorBitsPerSecond, mostUsefulForwards } from "@bace-pipe/core/pipeline";
import {
  atBandwidth,
  forwardsByHop,
  greedySeconds,
  heldByRank,
  type Link,
  warmupSeconds,
  withMore,
} from "./link.ts";

/** One count of extra forwards of the hop; the other hops keep theirs. */
export interface ForwardsRow {
  readonly extraForwards: number;
  /** The least with nothing exposed; null where no bandwidth is enough. */
  readonly leastBitsPerSecond: number | null;
  /** On the rank that holds most. */
  readonly heldActivations: number;
  readonly fits: boolean;
  /** Of an iteration at the bandwidth that there is. */
  readonly secondsNow: number;
  readonly secondsAtPoint: number | null;
}

export interface CurvePoint {
  readonly bitsPerSecond: number;
  /** Of an iteration. In the memory that there is, but for plain 1F1B, which takes what it takes. */
  readonly oneFOneB: number;
  readonly warmup: number;
  readonly crosspipe: number | null;
}

/** What one more activation of memory saves of an iteration at the bandwidth that there is. */
export interface MemoryGain {
  /** Null for one more on every rank. */
  readonly rank: number | null;
  readonly warmupSeconds: number;
  readonly crosspipeSeconds: number | null;
}

export interface Study {
  /** The hop is after as many stages. */
  readonly cutAfter: number;
  readonly messageBytes: number;
  readonly latencySeconds: number;
  readonly periodSeconds: number;
  /** Null where it is not limited. */
  readonly bitsPerSecond: number | null;
  /** V/C: with less the link is the bottleneck, whatever the schedule. */
  readonly floorBitsPerSecond: number;
  /** The most extra forwards of the hop that memory holds and that are of use; null where not even plain 1F1B fits. */
  readonly fittingForwards: number | null;
  /** With them; null where no bandwidth is enough. The curve's knee. */
  readonly pointBitsPerSecond: number | null;
  readonly now: Omit<CurvePoint, "bitsPerSecond">;
  /** At the point. */
  readonly atPoint: Omit<CurvePoint, "bitsPerSecond"> | null;
  /** Were the bandwidth of this cut not limited: its latency stays. */
  readonly atUnlimited: Omit<CurvePoint, "bitsPerSecond">;
  readonly byForwards: readonly ForwardsRow[];
  /** In order of bandwidth. */
  readonly curve: readonly CurvePoint[];
  /** First that of all ranks; empty where memory is not limited. */
  readonly oneMoreActivation: readonly MemoryGain[];
}

/** Rows beyond memory, to show what it would buy. */
const BEYOND = 2;
const MOST_ROWS = 12;
/** Of ranks that are given memory one by one. */
const MOST_RANKS = 32;
/** Of the curve, between a quarter of V/C and four times the point. */
const STEPS = 24;

export function studyOf(link: Link): Study {
  const { bitsPerSecond, crossing, hop } = link;
  const { latencySeconds, messageBits, periodSeconds } = crossing;
  const floor = floorBitsPerSecond(crossing);
  const rows = rowsOf(link);
  const fitting = rows.filter(({ fits }) => fits).at(-1);
  const point = fitting?.leastBitsPerSecond ?? null;
  const now = times(link, bitsPerSecond);
  // Where memory hides nothing, up to what would be enough with more of it.
  const knee =
    point ?? rows.find(({ leastBitsPerSecond }) => leastBitsPerSecond !== null)?.leastBitsPerSecond;
  return {
    cutAfter: hop + 1,
    messageBytes: messageBits / 8,
    latencySeconds,
    periodSeconds,
    bitsPerSecond: Number.isFinite(bitsPerSecond) ? bitsPerSecond : null,
    floorBitsPerSecond: floor,
    fittingForwards: fitting?.extraForwards ?? null,
    pointBitsPerSecond: point,
    now,
    atPoint: point === null ? null : times(link, point),
    atUnlimited: times(link, Number.POSITIVE_INFINITY),
    byForwards: rows,
    curve: curveOf(link, floor / 4, 4 * (knee ?? floor), point),
    oneMoreActivation: gainsOf(link, now),
  };
}

/** From none to as many as are of use or a little more than memory holds; of many only those where something changes. */
function rowsOf(link: Link): readonly ForwardsRow[] {
  const { bitsPerSecond, crossing, hop, pipeline } = link;
  const others = forwardsByHop(pipeline);
  const most = Math.min(mostUsefulForwards(crossing), pipeline.microbatches);
  const counts = Array.from({ length: most + 1 }, (_, extraForwards) => {
    const byHop = others.map((forwards, i) => (i === hop ? extraForwards : forwards));
    const held = heldByRank(pipeline, byHop);
    const fits = held.every((count, rank) => count <= pipeline.memoryCap[rank]! + 1e-9);
    const leastBitsPerSecond = bandwidthPoint(crossing, extraForwards);
    return { extraForwards, byHop, fits, heldActivations: Math.max(...held), leastBitsPerSecond };
  });
  const fitting = counts.findLastIndex(({ fits }) => fits);
  const first = counts.findIndex(({ leastBitsPerSecond }) => Number.isFinite(leastBitsPerSecond));
  const last = fitting + Math.max(BEYOND, first - fitting);
  const isShown = (count: number) =>
    most < MOST_ROWS || count === 0 || [first, fitting].some((at) => Math.abs(count - at) <= BEYOND);
  return counts
    .filter(({ extraForwards }) => extraForwards <= last && isShown(extraForwards))
    .map(({ byHop, leastBitsPerSecond, ...row }) => {
      const isEnough = Number.isFinite(leastBitsPerSecond);
      return {
        ...row,
        leastBitsPerSecond: isEnough ? leastBitsPerSecond : null,
        secondsNow: warmupSeconds(atBandwidth(link, bitsPerSecond), byHop),
        secondsAtPoint: isEnough ? warmupSeconds(atBandwidth(link, leastBitsPerSecond), byHop) : null,
      };
    });
}

function times(link: Link, bitsPerSecond: number): Omit<CurvePoint, "bitsPerSecond"> {
  const pipeline = atBandwidth(link, bitsPerSecond);
  return {
    oneFOneB: warmupSeconds(
      pipeline,
      pipeline.hops.map(() => 0),
    ),
    warmup: warmupSeconds(pipeline, forwardsByHop(pipeline)),
    crosspipe: greedySeconds(pipeline),
  };
}

/** Equal ratios, the point and the bandwidth that there is among them where they are in the range. */
function curveOf(link: Link, from: number, to: number, point: number | null): readonly CurvePoint[] {
  const steps = Array.from({ length: STEPS + 1 }, (_, i) => from * (to / from) ** (i / STEPS));
  const special = [link.bitsPerSecond, ...(point === null ? [] : [point])].filter(
    (bits) => bits >= from && bits <= to,
  );
  const ratio = (to / from) ** (0.4 / STEPS);
  const spaced = steps.filter((bits) => special.every((one) => bits > one * ratio || bits < one / ratio));
  return [...new Set([...spaced, ...special])]
    .sort((a, b) => a - b)
    .map((bitsPerSecond) => ({ bitsPerSecond, ...times(link, bitsPerSecond) }));
}

function gainsOf(link: Link, now: Study["now"]): readonly MemoryGain[] {
  const pipeline = atBandwidth(link, link.bitsPerSecond);
  if (pipeline.memoryCap.every((cap) => cap === Number.POSITIVE_INFINITY)) return [];
  const alone = pipeline.ranks <= MOST_RANKS ? pipeline.memoryCap.keys() : [];
  return [undefined, ...alone].map((rank) => {
    const more = withMore(pipeline, rank);
    const crosspipe = greedySeconds(more);
    return {
      rank: rank ?? null,
      warmupSeconds: now.warmup - warmupSeconds(more, forwardsByHop(more)),
      crosspipeSeconds: crosspipe === null || now.crosspipe === null ? null : now.crosspipe - crosspipe,
    };
  });
}
