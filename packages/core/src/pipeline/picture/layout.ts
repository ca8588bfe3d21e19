/** Where a picture's rows and instants are, in pixels. */

import { actionOf } from "../compile.ts";
import { isCommunication } from "../schedule.ts";
import type { TimedSchedule } from "../time.ts";
import type { Hop } from "../timing.ts";

export type Layout = {
  readonly width: number;
  readonly height: number;
  /** Of the chart inside the picture; rows begin at `left`. */
  readonly left: number;
  readonly top: number;
  readonly bottom: number;
  readonly chartWidth: number;
  readonly rowHeight: number;
  /** Upper edge of each rank's row. */
  readonly topOfRank: readonly number[];
  readonly endSeconds: number;
  readonly xOf: (seconds: number) => number;
  readonly hasCuts: boolean;
  /** Ranks between two cuts. One region where there is no cut, none where every hop is one. */
  readonly regions: readonly { readonly firstRank: number; readonly lastRank: number }[];
  readonly isCut: readonly boolean[];
};

const LEFT = 118;
const RIGHT = 14;
const TOP = 62;
const BELOW = 42;
const ROW = 23;
const GAP = 3;
const CUT_GAP = 38;
const LEAST_WIDTH = 900;
const MOST_WIDTH = 6000;
/** Room for two digits. */
const BLOCK_WIDTH = 16;

export function layoutOf(timed: TimedSchedule, hops: readonly Hop[]): Layout {
  const ranks = timed.compiled.schedule.ranks.length;
  const isCut = hops.map(({ latencySeconds, occupancySeconds }) => latencySeconds + occupancySeconds > 0);
  const topOfRank: number[] = [];
  let y = TOP;
  for (let rank = 0; rank < ranks; rank++) {
    topOfRank.push(y);
    y += ROW + (isCut[rank] ? CUT_GAP : GAP);
  }
  const bottom = topOfRank.at(-1)! + ROW;
  const endSeconds = timed.makespanSeconds;
  const chartWidth = Math.round(
    Math.min(MOST_WIDTH, Math.max(LEAST_WIDTH, (BLOCK_WIDTH * endSeconds) / (typicalSeconds(timed) || 1))),
  );
  return {
    width: LEFT + chartWidth + RIGHT,
    height: bottom + BELOW,
    left: LEFT,
    top: TOP,
    bottom,
    chartWidth,
    rowHeight: ROW,
    topOfRank,
    endSeconds,
    xOf: (seconds) =>
      Math.round(100 * (LEFT + (endSeconds > 0 ? (seconds / endSeconds) * chartWidth : 0))) / 100,
    hasCuts: isCut.includes(true),
    regions: isCut.every(Boolean) ? [] : regionsOf(ranks, isCut),
    isCut,
  };
}

function regionsOf(ranks: number, isCut: readonly boolean[]): Layout["regions"] {
  const firstRanks = Array.from({ length: ranks }, (_, rank) => rank).filter(
    (rank) => rank === 0 || isCut[rank - 1],
  );
  return firstRanks.map((firstRank, region) => ({
    firstRank,
    lastRank: (firstRanks[region + 1] ?? ranks) - 1,
  }));
}

/** What three quarters of the blocks last or more. */
function typicalSeconds({ compiled, endSeconds, startSeconds }: TimedSchedule): number {
  const lasting = Array.from(endSeconds, (end, id) => end - startSeconds[id]!)
    .filter((seconds, id) => seconds > 0 && !isCommunication(actionOf(compiled, id).kind))
    .sort((a, b) => a - b);
  return lasting[Math.floor(lasting.length / 4)] ?? 0;
}
