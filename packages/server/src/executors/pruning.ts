// Which launches an executor may throw away, and how many at a time. The executor looks itself whether they are over.
export interface Pruning {
  /** Whether a launch is still wanted, or its job's record still there. */
  readonly isKept: (key: string) => boolean;
  /** What is younger stays, whoever knows it. */
  readonly olderThanSeconds: number;
}

/** In one round: as many words as one command may have, and a pause of seconds at most. */
export const MOST_PER_ROUND = 200;

/** The job of a launch key; names of jobs hold no dots. */
export function jobOfKey(key: string): string {
  return key.slice(0, key.indexOf("."));
}
