// The store of this page, and how views look into it.
import { useEffect, useState, useSyncExternalStore } from "react";
import { type JobView, RefusedError, type RegionList } from "../api.ts";
import { hasToken } from "../token.ts";
import { askCaller } from "./caller.ts";
import { type Connection, createStore, type Known } from "./store.ts";
import { isTokenWanted, listen } from "./stream.ts";

export { useCaller } from "./caller.ts";
export type { Connection, Known } from "./store.ts";

const store = createStore();
let stop = new AbortController();

/** Begins to listen; again with another token. */
export function startListening(): void {
  stop.abort();
  stop = new AbortController();
  void listen(
    {
      open() {
        store.connected({ kind: "live" });
        void askCaller(stop.signal);
      },
      changes: (changes, id) => store.apply(changes, id, Date.now()),
      broken(error) {
        const message = error instanceof Error ? error.message : String(error);
        store.connected({ kind: kindOf(error), sinceMs: Date.now(), message });
        if (isTokenWanted(error)) stop.abort();
      },
    },
    stop.signal,
  );
}

function kindOf(error: unknown): "lost" | "refused" | "no-token" {
  if (!(error instanceof RefusedError)) return "lost";
  // Whoever asks without a good token again and again is told to ask less often, and still lacks one.
  return error.status === 401 || (error.status === 429 && !hasToken()) ? "no-token" : "refused";
}

export function useKnown(): Known {
  return useSyncExternalStore(store.subscribe, store.known);
}

export function useConnection(): Connection {
  return useSyncExternalStore(store.subscribe, store.connection);
}

/** The service's clock, read every so often: for what grows with time alone. */
export function useNowSeconds(everyMs = 1000): number {
  const [nowSeconds, setNowSeconds] = useState(readNowSeconds);
  useEffect(() => {
    const timer = setInterval(() => setNowSeconds(readNowSeconds()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return nowSeconds;
}

/**
 * Since the regions were told, which is done anew every minute, or a job, which is when something happens to it: ages among
 * their figures have grown by it.
 */
export function useLaterSeconds(told: RegionList | JobView, everyMs = 10_000): number {
  const toldSeconds = "nowSeconds" in told ? told.nowSeconds : store.toldSeconds(told);
  return Math.max(0, useNowSeconds(everyMs) - toldSeconds);
}

function readNowSeconds(): number {
  return Date.now() / 1000 + store.known().clockAheadSeconds;
}
