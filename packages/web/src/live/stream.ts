// Listens to the service's stream of changes. EventSource could do it, but sends no token; so the stream is fetched, and
// what EventSource would do is done here: after a break it goes on from the last event that was whole.
import { createParser } from "eventsource-parser";
import { type Changes, PATHS, RefusedError, refusal } from "../api.ts";
import { authorization } from "../token.ts";

/** The service shows more often than this that it is there. */
const SILENCE_MS = 40_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 5000;

export interface StreamListener {
  /** @param id set where everything is known after it */
  changes(changes: Changes, id: string | undefined): void;
  /** The service tells something again. */
  open(): void;
  /** It does not, or it refuses; it is asked again after a pause. */
  broken(error: unknown): void;
}

/** Until the signal is aborted. */
export async function listen(listener: StreamListener, signal: AbortSignal): Promise<void> {
  let lastId: string | undefined;
  let pauseMs = FIRST_PAUSE_MS;
  const heard: StreamListener = {
    ...listener,
    open() {
      pauseMs = FIRST_PAUSE_MS;
      listener.open();
    },
    changes(changes, id) {
      listener.changes(changes, id);
      if (id !== undefined) lastId = id;
    },
  };
  while (!signal.aborted) {
    try {
      await once(heard, lastId, signal);
      throw new Error("the service has ended the connection");
    } catch (error) {
      if (signal.aborted) return;
      listener.broken(error);
    }
    await pause(pauseMs * (0.75 + Math.random() / 2), signal);
    pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
  }
}

/** One connection, until it ends. */
async function once(
  listener: StreamListener,
  lastId: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const silence = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const isHeard = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(new Error("the service has fallen silent")), SILENCE_MS);
  };
  isHeard();
  try {
    const headers = {
      Accept: "text/event-stream",
      ...authorization(),
      ...(lastId === undefined ? {} : { "Last-Event-ID": lastId }),
    };
    const response = await fetch(PATHS.live, { headers, signal: AbortSignal.any([signal, silence.signal]) });
    if (!response.ok || !response.body) throw await refusal(PATHS.live, response);
    let isOpen = false;
    const parser = createParser({
      onEvent({ data, id }) {
        // A service that lets in and says nothing is not there.
        if (!isOpen) listener.open();
        isOpen = true;
        listener.changes(JSON.parse(data) as Changes, id);
      },
    });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      isHeard();
      parser.feed(part.value);
    }
  } finally {
    clearTimeout(timer);
  }
}

/** Whether it was refused for want of a good token, and asking again is of no use before there is another. */
export function isTokenWanted(error: unknown): boolean {
  return error instanceof RefusedError && error.status === 401;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      window.removeEventListener("online", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
    window.addEventListener("online", done);
  });
}
