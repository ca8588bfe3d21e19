// Token buckets (the other kind of token): so many requests at once, so many per second in the long run, for each key.

export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

export interface Buckets {
  /**
   * 0 where the request may pass, which uses it up; else the seconds until it may.
   * @param cost in ordinary requests, of which a bucket must hold as many. Default: 1
   */
  take(key: string, cost?: number): number;
}

/** Keys that are remembered: beyond, the one that was used least recently is forgotten, and starts anew. */
const MOST_KEYS = 10_000;

export function createBuckets({ burst, perSecond }: Rate, nowSeconds: () => number): Buckets {
  const levels = new Map<string, { readonly level: number; readonly atSeconds: number }>();

  /** The oldest, as far as they are full again: as good as ones that nobody has used. */
  const forgetFull = (now: number): void => {
    for (const [key, { atSeconds, level }] of levels) {
      if (level + (now - atSeconds) * perSecond < burst) return;
      levels.delete(key);
    }
  };

  return {
    take(key, cost = 1) {
      const now = nowSeconds();
      const { atSeconds, level } = levels.get(key) ?? { level: burst, atSeconds: now };
      const full = Math.min(burst, level + (now - atSeconds) * perSecond);
      levels.delete(key); // to the end of the map, where the newest are
      levels.set(key, { level: full >= cost ? full - cost : full, atSeconds: now });
      forgetFull(now);
      if (levels.size > MOST_KEYS) levels.delete(levels.keys().next().value!);
      return full >= cost ? 0 : (cost - full) / perSecond;
    },
  };
}
