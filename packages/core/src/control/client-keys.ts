// Keys that clients give to their submissions, so that one may be sent again when its answer was lost. A key is part of
// the first `submitted` fact of its submission: both are in the log, or neither is.
// Left out: keys older than a day, by the log's own time, and the oldest of more than are kept. Whoever asks again later
// submits by name, which is idempotent too.

export interface ClientKey {
  /** Unique among everybody's: the shell puts who sent it into it. */
  readonly key: string;
  /** Digest of the request: the same key with another request is a mistake. */
  readonly request: string;
  /** What was answered. */
  readonly jobIds: readonly string[];
  readonly existing: readonly string[];
}

export interface KnownKey extends ClientKey {
  readonly atSeconds: number;
}

const KEPT_SECONDS = 86_400;
/** Each is in memory and in every snapshot: a client that makes up a new one for every request must not fill both. */
export const MOST_KEYS = 20_000;

/** Adds a key and drops what is too old, or too much. The first of two with the same key counts. */
export function noteKey(keys: Map<string, KnownKey>, key: ClientKey, nowSeconds: number): void {
  for (const [old, { atSeconds }] of keys) {
    if (atSeconds + KEPT_SECONDS > nowSeconds && keys.size < MOST_KEYS) break; // in order of time
    keys.delete(old);
  }
  if (!keys.has(key.key)) keys.set(key.key, { ...key, atSeconds: nowSeconds });
}
