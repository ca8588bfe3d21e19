// Measurements of a live epoch folded into what the control plane believes: rates of its hops, how much longer blocks take
// than predicted, and what the links between regions can carry.
//
// The rate of a hop is the lower quartile of its last five measurements: one slow report among fast ones changes nothing,
// two do, and it takes four fast ones to be believed again. What a schedule loses by a link that is slower than thought is
// far more than what it gains by one that is faster. Blocks take the median of five.
import type { Ledger } from "../fleet/ledger.ts";
import { isWithin, type RateInterval } from "./chosen-for.ts";
import type { Event, HopMeasurement, StageMeasurement } from "./event.ts";
import type { Epoch, LinkEstimate } from "./state.ts";

type MeasuredEvent = Extract<Event, { kind: "measured" }>;
export type Measurement = Pick<MeasuredEvent, "hops" | "stages">;

/** One direction of a hop. */
export interface DirectionMeasured {
  /** At most five, the newest last. */
  readonly recentBitsPerSecond: readonly number[];
  readonly roundTripSeconds: number | null;
  /** Measurements in a row that were outside the interval that the schedule was chosen for. */
  readonly outside: number;
  readonly atSeconds: number;
}

export interface HopMeasured {
  readonly forth?: DirectionMeasured;
  readonly back?: DirectionMeasured;
}

export interface Measured {
  readonly atSeconds: number;
  /** One per hop of the placement. */
  readonly hops: readonly HopMeasured[];
  /** The last of each stage, ascending. */
  readonly stages: readonly StageMeasurement[];
  /** Measured over predicted seconds of blocks: at most five, the newest last. */
  readonly recentRatios: readonly number[];
}

const WINDOW = 5;
/** Fewer measurements than this are no ground for a decision. */
export const LEAST_MEASUREMENTS = 3;
/** Less than this share of what was reserved means that the link carries no more. Goodput is 95 % of a good link's rate. */
const CARRIED_IN_FULL = 0.9;
const MOST_BITS_PER_SECOND = 1e15;
const MOST_SECONDS = 1e6;
const MOST_RATIO = 10;

/** Of the last measurements the lower quartile, in bit/s. */
export function rateOf({ recentBitsPerSecond: recent }: DirectionMeasured): number {
  return ascending(recent)[Math.ceil(recent.length / 4) - 1]!;
}

/** The slower of a hop's directions that were measured. */
export function slowerDirection({ back, forth }: HopMeasured): "forth" | "back" | undefined {
  if (!forth || !back) return forth ? "forth" : back ? "back" : undefined;
  return rateOf(back) < rateOf(forth) ? "back" : "forth";
}

/** Whether a direction of it was outside its interval in several measurements in a row. */
export function hasLeft({ back, forth }: HopMeasured): boolean {
  return Math.max(back?.outside ?? 0, forth?.outside ?? 0) >= LEAST_MEASUREMENTS;
}

/** Measured over predicted seconds of the epoch's blocks; undefined while there are fewer measurements than that. */
export function blockRatioOf(
  { recentRatios: recent }: Measured,
  least: number = LEAST_MEASUREMENTS,
): number | undefined {
  return recent.length < least ? undefined : ascending(recent)[recent.length >> 1]!;
}

/** What of a measurement can be true of an epoch. */
export function soundMeasurement({ chosenFor, placement }: Epoch, event: MeasuredEvent): Measurement {
  return {
    hops: event.hops.filter((each) => isSound(each, placement.hopBitsPerSecond.length)),
    stages: event.stages.filter((each) => isSoundStage(each, chosenFor?.stages.length ?? 0)),
  };
}

/** The epoch after a sound measurement. */
export function withMeasurement(epoch: Epoch, { hops, stages }: Measurement, nowSeconds: number): Epoch {
  const { chosenFor, measured: known, placement } = epoch;
  const ratio = ratioOf(stages, chosenFor?.stages ?? []);
  return {
    ...epoch,
    measured: {
      atSeconds: nowSeconds,
      hops: placement.hopBitsPerSecond.map((_, hop) => {
        const next: { -readonly [D in keyof HopMeasured]: HopMeasured[D] } = { ...known?.hops[hop] };
        for (const each of hops) {
          if (each.hop !== hop) continue;
          next[each.direction] = added(next[each.direction], each, chosenFor?.hops[hop], nowSeconds);
        }
        return next;
      }),
      stages: [
        ...new Map([...(known?.stages ?? []), ...stages].map((each) => [each.stage, each])).values(),
      ].sort((a, b) => a.stage - b.stage),
      recentRatios: [...(known?.recentRatios ?? []), ...(ratio === undefined ? [] : [ratio])].slice(-WINDOW),
    },
  };
}

/**
 * What a sound measurement of an epoch, which has it folded in, says of the links.
 * A job that gets less than it has reserved says that the link is full: it carries as much less than all that is reserved
 * on it. One that gets everything says that the link carries what is reserved, and of the rest nothing.
 */
export function linkEstimates(
  jobId: string,
  epoch: Epoch,
  { hops }: Measurement,
  known: ReadonlyMap<string, LinkEstimate>,
  ledger: Ledger,
): LinkEstimate[] {
  const { regions } = ledger.fleet;
  const { measured, number, placement } = epoch;
  return hops.flatMap(({ direction, hop }): LinkEstimate[] => {
    const seen = measured?.hops[hop]?.[direction];
    if (!seen || seen.recentBitsPerSecond.length < LEAST_MEASUREMENTS) return [];
    const ends = [placement.regions[hop]!, placement.regions[hop + 1]!];
    const [a, b] = direction === "forth" ? ends : ends.toReversed();
    const own = placement.hopBitsPerSecond[hop]!;
    const [from, to] = [regions[a!]!.name, regions[b!]!.name];
    const bitsPerSecond = rateOf(seen);
    const { atSeconds, roundTripSeconds } = seen;
    const all = ledger.reservedBitsPerSecond[a! * regions.length + b!]!;
    const isFull = bitsPerSecond < CARRIED_IN_FULL * own;
    const limit = known.get(linkKey(from, to))?.limit;
    // Whoever gets all of less than the limit knows nothing about it: it stays, and ages.
    const kept = limit && all <= limit.bitsPerSecond ? { limit } : {};
    return [
      {
        ...{ from, to, bitsPerSecond, reservedBitsPerSecond: own, roundTripSeconds, atSeconds },
        ...{ jobId, epoch: number },
        ...(isFull
          ? { limit: { bitsPerSecond: Math.max(1, Math.floor((all * bitsPerSecond) / own)), atSeconds } }
          : kept),
      },
    ];
  });
}

/** Of a directed link, by the names of its ends. */
export function linkKey(from: string, to: string): string {
  return `${from} → ${to}`;
}

function added(
  known: DirectionMeasured | undefined,
  { bitsPerSecond, roundTripSeconds }: HopMeasurement,
  interval: RateInterval | undefined,
  atSeconds: number,
): DirectionMeasured {
  const isOutside = interval !== undefined && !isWithin(interval, bitsPerSecond);
  return {
    recentBitsPerSecond: [...(known?.recentBitsPerSecond ?? []), bitsPerSecond].slice(-WINDOW),
    roundTripSeconds: roundTripSeconds ?? known?.roundTripSeconds ?? null,
    outside: isOutside ? (known?.outside ?? 0) + 1 : 0,
    atSeconds,
  };
}

/** Over the stages that were measured; undefined where none was. */
function ratioOf(
  stages: readonly StageMeasurement[],
  predicted: NonNullable<Epoch["chosenFor"]>["stages"],
): number | undefined {
  let [measured, expected] = [0, 0];
  for (const { backwardSeconds, forwardSeconds, stage } of stages) {
    measured += forwardSeconds + backwardSeconds;
    expected += predicted[stage]!.forwardSeconds + predicted[stage]!.backwardSeconds;
  }
  if (!(measured > 0) || !(expected > 0)) return undefined;
  return Math.min(MOST_RATIO, Math.max(1 / MOST_RATIO, measured / expected));
}

function isSound({ bitsPerSecond, direction, hop, roundTripSeconds }: HopMeasurement, hops: number): boolean {
  return (
    isIndex(hop, hops) &&
    (direction === "forth" || direction === "back") &&
    bitsPerSecond > 0 &&
    bitsPerSecond <= MOST_BITS_PER_SECOND &&
    (roundTripSeconds === null || isSeconds(roundTripSeconds))
  );
}

function isSoundStage({ backwardSeconds, forwardSeconds, stage }: StageMeasurement, stages: number): boolean {
  return isIndex(stage, stages) && isSeconds(forwardSeconds) && isSeconds(backwardSeconds);
}

function isIndex(value: number, count: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < count;
}

function isSeconds(value: number): boolean {
  return value >= 0 && value <= MOST_SECONDS;
}

function ascending(values: readonly number[]): readonly number[] {
  return [...values].sort((a, b) => a - b);
}
