// What has changed, for pages that stay open: server-sent events, each with the jobs that are other than before, as GET
// /v1/jobs shows them, and the fleet where it is another. A page has everything without folding events itself, and is told
// at most so many times a second however many events there are.
//
// Only an event after which the client has everything carries an id: whoever comes back with it as Last-Event-ID is told
// what has changed since, if the service remembers, and otherwise everything anew. Ids are this service's alone: after a
// restart another log may be in force, a restored one, with other events at the same places.
import { randomBytes } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { createRoute, z } from "@hono/zod-openapi";
import { type Identity, seesJob } from "../access/identity.ts";
import { hideOthers } from "../access/visible.ts";
import { type Changed, createChangeMemory } from "./changed.ts";
import { type ApiContext, type App, problems } from "./context.ts";
import type { Listener, Listeners } from "./listeners.ts";
import type { Changes } from "./schemas/live.ts";
import { jobView, loadView, regionsView } from "./views.ts";

type WithoutJobs = Omit<Changes, "nowSeconds" | "jobs">;

const PAUSE_SECONDS = 0.5;
/** Jobs that are told in one event. */
const PAGE = 250;
/** Figures grow old, and move by curves that are known. */
const REGIONS_EVERY_SECONDS = 60;
/** Of a large fleet they are megabytes. */
const REGIONS_PAUSE_SECONDS = 2;

const liveRoute = createRoute({
  method: "get",
  path: "/v1/live",
  summary: "Jobs and regions as they change, as server-sent events; resumes after Last-Event-ID",
  request: { headers: z.object({ "last-event-id": z.string().optional() }) },
  responses: {
    200: {
      description: "Events with data of the schema Changes",
      content: { "text/event-stream": { schema: z.string() } },
    },
    ...problems("invalid-request", "rate-limited"),
  },
});

/** @param pauseSeconds between what a client is told */
export function addLive(
  app: App,
  context: ApiContext,
  listeners: Listeners,
  pauseSeconds = PAUSE_SECONDS,
): void {
  const { writer } = context;
  const memory = createChangeMemory(writer.state);
  const prefix = `${randomBytes(6).toString("hex")}.`;
  const idOf = (seq: number) => `${prefix}${seq}`;
  const seqOf = (id: string | undefined) =>
    id?.startsWith(prefix) && /^\d{1,15}$/.test(id.slice(prefix.length))
      ? Number(id.slice(prefix.length))
      : undefined;
  writer.listen({ appended: memory.add });

  app.openapi(liveRoute, (c) => {
    const identity = c.get("identity");
    const known = seqOf(c.req.valid("header")["last-event-id"]);
    const response = listeners.stream(c, identity, async (listener) => {
      const telling = createTelling(context, identity, listener, idOf);
      let last = known;
      while (listeners.isLive(identity, listener.gone)) {
        const changed = last === undefined ? undefined : memory.since(last);
        const { seq } = writer.state();
        const isTaken = changed ? await telling.some(changed, seq) : await telling.all(seq);
        if (!isTaken) break;
        last = seq;
        await listener.pause(pauseSeconds);
        await listener.news(last);
      }
    });
    // c.json would be typed by the route; a stream is not.
    return response as never;
  });
}

interface Telling {
  /** What has changed until `seq`. False if the client did not take it. */
  some(changed: Changed, seq: number): Promise<boolean>;
  /** Everything there is at `seq`. */
  all(seq: number): Promise<boolean>;
}

function createTelling(
  { fleets, writer }: ApiContext,
  identity: Identity,
  listener: Listener,
  idOf: (seq: number) => string,
): Telling {
  let regionsSeconds = Number.NEGATIVE_INFINITY;
  let isFleetOther = true;

  const tell = (changes: Omit<Changes, "nowSeconds">, seq?: number): Promise<boolean> => {
    const data = JSON.stringify({ nowSeconds: writer.nowSeconds(), ...changes });
    return listener.send(`${seq === undefined ? "" : `id: ${idOf(seq)}\n`}event: changes\ndata: ${data}\n\n`);
  };

  const viewsOf = (ids: Iterable<string>): Changes["jobs"] => {
    const state = writer.state();
    const nowSeconds = writer.nowSeconds();
    const views: Changes["jobs"] = [];
    for (const id of ids) {
      const known = state.jobs.get(id);
      if (!known || !seesJob(identity, known)) continue;
      views.push(hideOthers(jobView(known, fleets, nowSeconds, state.fleet), state, identity));
    }
    return views;
  };

  /** If they are due. */
  const regions = (): Pick<Changes, "regions"> => {
    const state = writer.state();
    const nowSeconds = writer.nowSeconds();
    const pause = isFleetOther ? REGIONS_PAUSE_SECONDS : REGIONS_EVERY_SECONDS;
    if (!state.fleet || nowSeconds < regionsSeconds + pause) return {};
    regionsSeconds = nowSeconds;
    isFleetOther = false;
    return { regions: regionsView(state, nowSeconds) };
  };

  /** A page at a time; others have their turn in between, and what changes meanwhile is told afterwards. */
  const inPages = async (ids: readonly string[], begin: boolean, end: WithoutJobs, seq: number) => {
    let from = 0;
    const page = () => ({
      ...(begin && from === 0 ? { begin } : {}),
      jobs: viewsOf(ids.slice(from, from + PAGE)),
    });
    for (; ids.length - from > PAGE; from += PAGE) {
      if (!(await tell(page()))) return false;
      await setImmediate();
    }
    return tell({ ...page(), ...end }, seq);
  };

  const all = (seq: number): Promise<boolean> => {
    regionsSeconds = Number.NEGATIVE_INFINITY;
    const state = writer.state();
    return inPages([...state.jobs.keys()], true, { ...regions(), ...loadView(state) }, seq);
  };

  const some = (changed: Changed, seq: number): Promise<boolean> => {
    isFleetOther ||= changed.fleet;
    const state = writer.state();
    const forgotten = [...changed.jobIds].filter((id) => !state.jobs.has(id));
    // Whose they were is no longer known.
    if (changed.forgotten && identity.tenant !== null) return all(seq);
    const end = {
      ...(forgotten.length > 0 ? { forgotten } : {}),
      ...regions(),
      ...(changed.load ? loadView(state) : {}),
    };
    return inPages([...changed.jobIds], false, end, seq);
  };

  return { all, some };
}
