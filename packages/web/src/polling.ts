// Asks for a path again and again, one request at a time. After a failure the last answer stays, and the next good one
// ends the failure.
import { useEffect, useState } from "react";
import { ask, RefusedError } from "./api.ts";

const TIMEOUT_MS = 5000;

export interface Failure {
  /** "refused": the service answered with an error. */
  readonly kind: "unreachable" | "refused";
  /** When the first request that failed was sent, on the browser's clock. */
  readonly sinceMs: number;
  readonly message: string;
}

export interface Polled<T> {
  /** The last good answer. */
  readonly value?: T;
  readonly failure?: Failure;
}

/**
 * @param everyMs pause between an answer and the next request
 * @param again asks at once when it changes
 */
export function usePolling<T>(path: string, everyMs: number, again = ""): Polled<T> {
  const [polled, setPolled] = useState<Polled<T>>({});
  // biome-ignore lint/correctness/useExhaustiveDependencies: a change of `again` restarts the polling.
  useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const poll = async () => {
      const sentMs = Date.now();
      const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(TIMEOUT_MS)]);
      const next = await ask<T>(path, signal).then(
        (value) => () => ({ value }),
        (error) => (old: Polled<T>) => ({
          ...old,
          failure: failureOf(error, old.failure?.sinceMs ?? sentMs),
        }),
      );
      if (stop.signal.aborted) return;
      setPolled(next);
      timer = setTimeout(poll, everyMs);
    };
    void poll();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [path, everyMs, again]);
  return polled;
}

function failureOf(error: unknown, sinceMs: number): Failure {
  const kind = error instanceof RefusedError ? "refused" : "unreachable";
  return { kind, sinceMs, message: error instanceof Error ? error.message : String(error) };
}
