// What a check finds, and what to do about it: each one line.

export const LEVELS = ["ok", "not looked at", "warning", "problem"] as const;
export type Level = (typeof LEVELS)[number];

export interface Finding {
  /** Stable name of what was looked at. */
  readonly check: string;
  readonly level: Level;
  readonly finding: string;
  /** What to do; null where nothing is to be done. */
  readonly mend: string | null;
}

export interface RegionFinding extends Finding {
  readonly region: string;
}

export function ok(check: string, finding: string): Finding {
  return { check, level: "ok", finding, mend: null };
}

export function warning(check: string, finding: string, mend: string): Finding {
  return { check, level: "warning", finding, mend };
}

export function problem(check: string, finding: string, mend: string): Finding {
  return { check, level: "problem", finding, mend };
}

/** @param mend how it would be looked at. */
export function unseen(check: string, finding: string, mend: string | null = null): Finding {
  return { check, level: "not looked at", finding, mend };
}
