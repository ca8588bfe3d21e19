// The log as it grows: server-sent events. The id of each is its seq: whoever comes back with Last-Event-ID misses none.
// The newest events are in memory once for all clients, older ones are read from the log a page at a time.
import type { Event } from "@bace-pipe/core";
import { createRoute, z } from "@hono/zod-openapi";
import type { Identity } from "../access/identity.ts";
import { visibleEvent } from "../access/visible.ts";
import { type ApiContext, type App, problems } from "./context.ts";
import type { Listeners } from "./listeners.ts";

const PAGE = 500;
const RECENT = 1000;

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

export function addEvents(app: App, { readEvents, writer }: ApiContext, listeners: Listeners): void {
  if (!readEvents) return;
  const recent: Event[] = [];
  writer.listen({
    appended(events) {
      recent.push(...events);
      if (recent.length > 2 * RECENT) recent.splice(0, recent.length - RECENT);
    },
  });

  const pageAfter = async (after: number): Promise<readonly Event[]> => {
    const first = recent[0]?.seq;
    if (after >= writer.state().seq) return [];
    if (first === undefined || after < first - 1) return readEvents(after, PAGE);
    return recent.slice(after - first + 1, after - first + 1 + PAGE);
  };

  app.openapi(eventsRoute, (c) => {
    const identity = c.get("identity");
    const { after } = c.req.valid("query");
    let last = c.req.valid("header")["last-event-id"] ?? after ?? writer.state().seq;
    const response = listeners.stream(c, identity, async (listener) => {
      while (listeners.isLive(identity, listener.gone)) {
        const page = await pageAfter(last);
        const text = page.map((event) => eventText(event, identity)).join("");
        // Also where none of a page is for this client: it need not be looked through again.
        const end = page.at(-1)?.seq ?? last;
        // An id without data moves the client's Last-Event-ID.
        const nothing = page.length === 0 ? ": alive\n\n" : `id: ${end}\n\n`;
        if (!(await listener.send(text === "" ? nothing : text))) break;
        last = end;
        await listener.news(last);
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
