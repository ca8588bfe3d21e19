// Asks for a path again and again, one request at a time. After a failure the last answer stays, and the next good one
// ends the failure. Nothing is asked while nobody can see the page.
import { useEffect, useState } from "react";
import { ask, RefusedError } from "./api.ts";
import { untilSeen } from "./seen.ts";
import { hasToken } from "./token.ts";

const RETRY_MS = 5000;

export interface Failure {
  /** "refused": the service answered with an error; "no-token": it wants to know who asks. */
  readonly kind: "unreachable" | "refused" | "no-token";
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
 * @param everyMs pause between an answer and the next request; null where a good answer stays good
 * @param again asks at once when it changes
 */
export function usePolling<T>(path: string, everyMs: number | null, again = ""): Polled<T> {
  const [polled, setPolled] = useState<Polled<T>>({});
  // biome-ignore lint/correctness/useExhaustiveDependencies: a change of `again` restarts the polling.
  useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const poll = async () => {
      await untilSeen(stop.signal);
      const sentMs = Date.now();
      const next = await ask<T>(path, stop.signal).then(
        (value) => ({ pauseMs: everyMs, of: () => ({ value }) }),
        (error) => ({
          pauseMs: everyMs ?? RETRY_MS,
          of: (old: Polled<T>) => ({ ...old, failure: failureOf(error, old.failure, sentMs) }),
        }),
      );
      if (stop.signal.aborted) return;
      setPolled(next.of);
      if (next.pauseMs !== null) timer = setTimeout(poll, next.pauseMs);
    };
    void poll();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [path, everyMs, again]);
  return polled;
}

function failureOf(error: unknown, before: Failure | undefined, sentMs: number): Failure {
  const sinceMs = before?.sinceMs ?? sentMs;
  return {
    kind: kindOf(error, before),
    sinceMs,
    message: error instanceof Error ? error.message : String(error),
  };
}

function kindOf(error: unknown, before: Failure | undefined): Failure["kind"] {
  if (!(error instanceof RefusedError)) return "unreachable";
  // Whoever asks without a good token again and again is told to ask less often, and still lacks one.
  const lacks = error.status === 429 && (before?.kind === "no-token" || !hasToken());
  return error.status === 401 || lacks ? "no-token" : "refused";
}
