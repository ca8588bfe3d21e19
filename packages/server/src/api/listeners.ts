// What all streams of server-sent events have in common: how many may listen, how they hear of news, and that who does not
// take what he is sent for a while is sent away, and comes back. Nothing is kept for a client but the place where it is.
import { setTimeout as sleep } from "node:timers/promises";
import type { Context } from "hono";
import { type SSEStreamingApi, streamSSE } from "hono/streaming";
import type { Identity } from "../access/identity.ts";
import { ProblemError } from "../problem.ts";
import type { Writer } from "../writer.ts";

const MOST_CLIENTS = 200;
/** Of those, of one tenant's tokens. */
const MOST_OF_A_TENANT = 40;
const HEARTBEAT_SECONDS = 15;
/** In which a client has to take what it is sent at once. */
const PATIENCE_SECONDS = 30;

/** One client. */
export interface Listener {
  readonly gone: AbortSignal;
  /** Whether it took the text before its time was up. */
  send(text: string): Promise<boolean>;
  /** Until something was appended after a place in the log, or it is time to show that the connection lives. */
  news(after: number): Promise<void>;
  /** Pauses for less than a heartbeat, or until the client is gone. */
  pause(seconds: number): Promise<void>;
}

export interface Listeners {
  /** Streams to the client while `serve` runs; its turns end with `isLive`, or with what is not taken. */
  stream(c: Context, identity: Identity, serve: (listener: Listener) => Promise<void>): Response;
  /** Whether the service can go on telling this client. */
  isLive(identity: Identity, gone: AbortSignal): boolean;
}

export interface ListenersOptions {
  readonly writer: Writer;
  /** Whether a client that was let in still would be. */
  readonly isGood: (identity: Identity) => boolean;
  readonly patienceSeconds?: number | undefined;
}

export function createListeners({
  isGood,
  patienceSeconds = PATIENCE_SECONDS,
  writer,
}: ListenersOptions): Listeners {
  const sleepers = new Set<() => void>();
  const wakeAll = () => {
    for (const wake of sleepers) wake();
  };
  writer.listen({ appended: wakeAll });
  writer.failed.catch(wakeAll);
  let clients = 0;
  const clientsOf = new Map<string, number>();
  const enter = ({ tenant }: Identity): void => {
    const ofTenant = tenant === null ? 0 : (clientsOf.get(tenant) ?? 0);
    if (clients >= MOST_CLIENTS || ofTenant >= MOST_OF_A_TENANT) {
      const headers = { "Retry-After": "5" };
      const count = clients >= MOST_CLIENTS ? clients : ofTenant;
      throw new ProblemError("rate-limited", `${count} clients listen already`, undefined, { headers });
    }
    clients++;
    if (tenant !== null) clientsOf.set(tenant, ofTenant + 1);
  };
  const leave = ({ tenant }: Identity): void => {
    clients--;
    if (tenant === null) return;
    const others = clientsOf.get(tenant)! - 1;
    if (others > 0) clientsOf.set(tenant, others);
    else clientsOf.delete(tenant);
  };

  const listenerOf = (stream: SSEStreamingApi, gone: AbortSignal): Listener => ({
    gone,
    send: (text) => inTime(stream.write(text), patienceSeconds, gone),
    news(after) {
      if (after < writer.state().seq || !writer.healthy() || gone.aborted) return Promise.resolve();
      const heard = new AbortController();
      const wake = () => heard.abort();
      sleepers.add(wake);
      gone.addEventListener("abort", wake, { once: true });
      return pause(HEARTBEAT_SECONDS, heard.signal).finally(() => {
        sleepers.delete(wake);
        gone.removeEventListener("abort", wake);
      });
    },
    pause: (seconds) => pause(seconds, gone),
  });

  return {
    isLive: (identity, gone) => !gone.aborted && writer.healthy() && isGood(identity),
    stream(c, identity, serve) {
      // Nobody reads what a HEAD is answered with: it would have a place until its time is up.
      if (c.req.method === "HEAD") return c.body(null, 200, { "Content-Type": "text/event-stream" });
      enter(identity);
      return streamSSE(c, async (stream) => {
        const gone = new AbortController();
        stream.onAbort(() => gone.abort());
        try {
          await stream.write(": listening\n\n");
          await serve(listenerOf(stream, gone.signal));
        } finally {
          leave(identity);
        }
      });
    },
  };
}

function pause(seconds: number, signal: AbortSignal): Promise<void> {
  return sleep(seconds * 1000, undefined, { signal, ref: false }).catch(() => {});
}

/**
 * Whether it was taken before the client's time was up. Listens to the client's signal itself: AbortSignal.any would leave
 * something in that signal for every write, for as long as the client listens.
 */
async function inTime(write: Promise<unknown>, seconds: number, gone: AbortSignal): Promise<boolean> {
  if (gone.aborted) return false;
  const done = new AbortController();
  const end = () => done.abort();
  gone.addEventListener("abort", end, { once: true });
  const late = sleep(seconds * 1000, false, { signal: done.signal, ref: false });
  try {
    return await Promise.race([write.then(() => true), late.catch(() => false)]);
  } finally {
    gone.removeEventListener("abort", end);
    done.abort();
  }
}
