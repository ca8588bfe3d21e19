// The log as it grows: server-sent events. The id of each is its seq: whoever comes back with Last-Event-ID misses none.
//
// Nothing is kept for a client but the place where it is: the newest events are in memory once for all, older ones are read
// from the log a page at a time. A client that does not take what it is sent for a while is sent away, and comes back.
import { setTimeout as sleep } from "node:timers/promises";
import type { Event } from "@bace-pipe/core";
import { createRoute, z } from "@hono/zod-openapi";
import { streamSSE } from "hono/streaming";
import type { Identity } from "../access/identity.ts";
import { visibleEvent } from "../access/visible.ts";
import { ProblemError } from "../problem.ts";
import { type ApiContext, type App, problems } from "./context.ts";

const PAGE = 500;
const RECENT = 1000;
const MOST_CLIENTS = 200;
/** Of those, of one tenant's tokens. */
const MOST_OF_A_TENANT = 40;
const HEARTBEAT_SECONDS = 15;
/** In which a client has to take a page. */
const PATIENCE_SECONDS = 30;

const seq = z.coerce.number().int().min(0);

const eventsRoute = createRoute({
  method: "get",
  path: "/v1/events",
  summary: "Events as they happen, as server-sent events; resumes after Last-Event-ID",
  request: {
    headers: z.object({ "last-event-id": seq.optional() }),
    query: z.object({
      /** Where there is no Last-Event-ID; from now on where this is missing too. */
      after: seq.optional(),
    }),
  },
  responses: {
    200: { description: "Events", content: { "text/event-stream": { schema: z.string() } } },
    ...problems("invalid-request", "rate-limited"),
  },
});

/** @param isGood whether a client that was let in still would be */
export function addEvents(
  app: App,
  { readEvents, writer }: ApiContext,
  isGood: (identity: Identity) => boolean,
  patienceSeconds = PATIENCE_SECONDS,
): void {
  if (!readEvents) return;
  const recent: Event[] = [];
  const sleepers = new Set<() => void>();
  const wakeAll = () => {
    for (const wake of sleepers) wake();
  };
  writer.listen({
    appended(events) {
      recent.push(...events);
      if (recent.length > 2 * RECENT) recent.splice(0, recent.length - RECENT);
      wakeAll();
    },
  });
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

  const pageAfter = async (after: number): Promise<readonly Event[]> => {
    const first = recent[0]?.seq;
    if (after >= writer.state().seq) return [];
    if (first === undefined || after < first - 1) return readEvents(after, PAGE);
    return recent.slice(after - first + 1, after - first + 1 + PAGE);
  };

  /** Until something was appended, or it is time to show that the connection lives. */
  const news = (after: number, gone: AbortSignal): Promise<void> => {
    if (after < writer.state().seq || !writer.healthy() || gone.aborted) return Promise.resolve();
    const heard = new AbortController();
    const wake = () => heard.abort();
    sleepers.add(wake);
    gone.addEventListener("abort", wake, { once: true });
    return sleep(HEARTBEAT_SECONDS * 1000, undefined, { signal: heard.signal, ref: false })
      .catch(() => {})
      .finally(() => {
        sleepers.delete(wake);
        gone.removeEventListener("abort", wake);
      });
  };

  app.openapi(eventsRoute, (c) => {
    // Nobody reads what a HEAD is answered with: it would have a place until its time is up.
    if (c.req.method === "HEAD") return c.body(null, 200, { "Content-Type": "text/event-stream" }) as never;
    const identity = c.get("identity");
    const { after } = c.req.valid("query");
    let last = c.req.valid("header")["last-event-id"] ?? after ?? writer.state().seq;
    enter(identity);
    const response = streamSSE(c, async (stream) => {
      const gone = new AbortController();
      stream.onAbort(() => gone.abort());
      try {
        await stream.write(": listening\n\n");
        while (!gone.signal.aborted && writer.healthy() && isGood(identity)) {
          const page = await pageAfter(last);
          const text = page.map((event) => eventText(event, identity)).join("");
          // Also where none of a page is for this client: it need not be looked through again.
          const end = page.at(-1)?.seq ?? last;
          // An id without data moves the client's Last-Event-ID.
          const nothing = page.length === 0 ? ": alive\n\n" : `id: ${end}\n\n`;
          const sent = stream.write(text === "" ? nothing : text);
          const isSent = await inTime(sent, patienceSeconds, gone.signal);
          if (!isSent) break;
          last = end;
          await news(last, gone.signal);
        }
      } finally {
        leave(identity);
      }
    });
    // c.json would be typed by the route; a stream is not.
    return response as never;
  });

  const eventText = (event: Event, identity: Identity): string => {
    const shown = visibleEvent(event, writer.state(), identity);
    return shown ? `id: ${event.seq}\nevent: ${event.kind}\ndata: ${JSON.stringify(shown)}\n\n` : "";
  };
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
