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

/** Goes on whatever is done to the wall clock; from where the log ends, if that was set back while the service was down. */
export function steadyClock(
  logSeconds: number,
  { monotonicSeconds, wallSeconds }: Clocks = SYSTEM,
): () => number {
  const startSeconds = Math.max(wallSeconds(), logSeconds);
  const origin = monotonicSeconds();
  return () => startSeconds + (monotonicSeconds() - origin);
}
