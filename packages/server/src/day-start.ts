// What jobs had used when a day began. The state knows sums alone, so that of a job which goes over midnight is read from the
// log, once a day: folded again up to midnight, page by page, with a pause for others after each.

import { setImmediate } from "node:timers/promises";
import {
  type Event,
  emptyState,
  isActive,
  type JobState,
  jobFootprint,
  reduce,
  type State,
} from "@bace-pipe/core";

const PAGE = 500;
export const SECONDS_PER_DAY = 86_400;

export type Footprint = ReturnType<typeof jobFootprint>;

export const NOTHING_USED: Footprint = { energyKwh: 0, electricityUsd: 0, carbonGrams: 0, gpuSeconds: 0 };

export interface DayStart {
  /** At the last midnight (UTC), of a job that is in the state; undefined while nobody knows. */
  usedBefore(known: JobState, nowSeconds: number): Footprint | undefined;
}

interface Day {
  readonly midnightSeconds: number;
  /** By job; undefined while it is read, or where the log does not have it all. */
  used?: ReadonlyMap<string, Footprint>;
}

/** @param readEvents pages of the log, in order */
export function createDayStart(
  readEvents: ((afterSeq: number, limit: number) => Promise<readonly Event[]>) | undefined,
): DayStart {
  let day: Day | undefined;
  return {
    usedBefore({ endedSeconds = Number.POSITIVE_INFINITY, job, ...known }, nowSeconds) {
      const midnightSeconds = Math.floor(nowSeconds / SECONDS_PER_DAY) * SECONDS_PER_DAY;
      if (job.submitSeconds >= midnightSeconds) return NOTHING_USED;
      if (endedSeconds <= midnightSeconds) {
        const { carbonGrams, electricityUsd, energyKwh, gpuSeconds } = known;
        return { carbonGrams, electricityUsd, energyKwh, gpuSeconds };
      }
      if (day?.midnightSeconds !== midnightSeconds) {
        const fresh: Day = { midnightSeconds };
        day = fresh;
        if (readEvents)
          usedAt(midnightSeconds, readEvents).then(
            (used) => {
              if (used) fresh.used = used;
            },
            () => {
              if (day === fresh) day = undefined; // the database may be back the next time
            },
          );
      }
      return day.used?.get(job.id);
    },
  };
}

/** undefined where events are missing. */
async function usedAt(
  atSeconds: number,
  readEvents: (afterSeq: number, limit: number) => Promise<readonly Event[]>,
): Promise<ReadonlyMap<string, Footprint> | undefined> {
  let state = emptyState();
  for (;;) {
    const page = await readEvents(state.seq, PAGE);
    for (const event of page) {
      if (event.atSeconds >= atSeconds) return usedIn(state, atSeconds);
      if (event.seq !== state.seq + 1) return undefined;
      state = reduce(state, event);
    }
    if (page.length < PAGE) return usedIn(state, atSeconds);
    await setImmediate();
  }
}

function usedIn({ fleet, jobs }: State, atSeconds: number): ReadonlyMap<string, Footprint> {
  return new Map(
    Array.from(jobs, ([id, known]) => [
      id,
      fleet ? jobFootprint(known, isActive(known.phase), fleet, atSeconds) : NOTHING_USED,
    ]),
  );
}
