// Time as the log needs it: seconds since 1970 that never stand still and never run backwards.

export interface Clocks {
  /** Since 1970; somebody may set it. */
  readonly wallSeconds: () => number;
  /** From any origin; nobody can set it. */
  readonly monotonicSeconds: () => number;
}

const SYSTEM: Clocks = {
  wallSeconds: () => Date.now() / 1000,
  monotonicSeconds: () => performance.now() / 1000,
};

/**
 * Goes on whatever is done to the wall clock; from where the log ends, if that was set back while the service was down. What
 * it is wrong by, against a wall clock that was set or a machine that slept, it makes up for by going half as fast again,
 * or half as fast, until the two agree: a clock that was wrong once would be wrong for ever otherwise.
 */
export function steadyClock(
  logSeconds: number,
  { monotonicSeconds, wallSeconds }: Clocks = SYSTEM,
): () => number {
  let now = Math.max(wallSeconds(), logSeconds);
  let last = monotonicSeconds();
  return () => {
    const monotonic = monotonicSeconds();
    const passed = monotonic - last;
    last = monotonic;
    const wrongBy = wallSeconds() - (now + passed);
    now += passed + Math.max(-passed / 2, Math.min(passed / 2, wrongBy));
    return now;
  };
}
