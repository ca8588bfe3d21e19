// What is written down of who did what, and what is told while it happens: audit log, stream of events, metrics, pages.
import { setTimeout as sleep } from "node:timers/promises";
import { OpenAPIHono } from "@hono/zod-openapi";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { AuditLine } from "../../src/access/audit.ts";
import { ANYBODY } from "../../src/access/identity.ts";
import { isNoted, ROUTES } from "../../src/access/routes.ts";
import type { ApiContext, ApiEnv, App } from "../../src/api/context.ts";
import { addEvents } from "../../src/api/events.ts";
import { createListeners } from "../../src/api/listeners.ts";
import type { JobView } from "../../src/api/schemas/jobs.ts";
import { archiveOf } from "../../src/store/archive.ts";
import type { Database } from "../../src/store/database.ts";
import { openPglite } from "../../src/store/pglite.ts";
import { fileOf, openSecured, type Secured } from "./secured.ts";

let database: Database;
let service: Secured;
let admin: string;
let ours: string;
let theirs: string;

beforeAll(async () => {
  database = await openPglite();
  service = await openSecured(database);
  admin = await service.tokenFor(["admin"]);
  ours = await service.tokenFor(["read", "submit"], "team-a");
  theirs = await service.tokenFor(["read", "submit"], "team-b");
}, 60_000);
afterAll(() => database.close());

const auditLines = async (after = 0): Promise<AuditLine[]> => {
  const answer = await service.ask(`GET /v1/audit?after=${after}`, { token: admin });
  return ((await answer.json()) as { lines: AuditLine[] }).lines;
};

test("a change is written down with who, what, which jobs, and under which request", async () => {
  const answer = await service.ask("POST /v1/jobs", { token: ours, body: fileOf("first", "team-a") });
  await service.ask("POST /v1/jobs/first/cancel", { token: ours });
  await service.ask("POST /v1/plan", { token: ours, body: fileOf("second", "team-a") }); // changes nothing
  await service.ask("GET /v1/jobs", { token: ours });
  const lines = await auditLines();
  expect(lines.map(({ code, jobIds, route, status, times }) => [route, status, code, jobIds, times])).toEqual(
    [
      ["POST /v1/jobs", 201, null, ["first"], 1],
      ["POST /v1/jobs/{id}/cancel", 202, null, ["first"], 1],
    ],
  );
  expect(lines[0]).toMatchObject({
    ...{ atSeconds: 1000, method: "POST", tokenId: ours.split("_")[1] },
    ...{ tokenName: "read+submit of team-a", requestId: answer.headers.get("x-request-id") },
  });
});

test("refusals are written down; those that come again within a minute are counted", async () => {
  const [last] = (await auditLines()).slice(-1);
  for (let i = 0; i < 5; i++) await service.ask("GET /v1/tokens", { token: ours });
  for (let i = 0; i < 3; i++) await service.ask("GET /v1/jobs", { token: "guess" });
  service.clock.seconds += 61;
  await service.ask("GET /v1/jobs");
  const lines = await auditLines(last!.seq);
  expect(lines.map(({ route, status, code, times }) => [route, status, code, times]).sort()).toEqual([
    ["GET /v1/jobs", 401, "bad-token", 1],
    ["GET /v1/jobs", 401, "bad-token", 2],
    ["GET /v1/jobs", 401, "no-token", 1],
    ["GET /v1/tokens", 403, "missing-scope", 1],
    ["GET /v1/tokens", 403, "missing-scope", 4],
  ]);
});

test("what changes something is written down, and who takes the log, with the secrets of launches in it", () => {
  const noted = Object.keys(ROUTES).filter((route) => isNoted(route.split(" ")[0]!, route));
  expect(noted.filter((route) => route.startsWith("GET"))).toEqual(["GET /v1/log"]);
  expect(noted).toContain("POST /v1/jobs/{id}/cancel");
  expect(noted).not.toContain("POST /v1/plan");
});

test("the audit log is paged, in order", async () => {
  const all = await auditLines();
  const page = await service.ask("GET /v1/audit?limit=2", { token: admin });
  expect(((await page.json()) as { lines: AuditLine[] }).lines).toEqual(all.slice(0, 2));
  expect(await auditLines(all[1]!.seq)).toEqual(all.slice(2));
});

interface Told {
  readonly id: number;
  readonly event?: string;
  readonly data?: Record<string, unknown>;
}

/** Reads a stream of events until there are as many with data as wanted, and leaves. */
async function listen(token: string, path: string, count: number, headers = {}): Promise<readonly Told[]> {
  const response = await service.ask(`GET ${path}`, { token, headers });
  expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/event-stream"]);
  const reader = response.body!.getReader();
  const decoder = new TextDecoder();
  let text = "";
  const told = () =>
    text
      .split("\n\n")
      .slice(0, -1)
      .filter((block) => !block.startsWith(":"))
      .map((block): Told => {
        const fields = Object.fromEntries(
          block
            .split("\n")
            .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]),
        );
        const data =
          fields["data"] === undefined ? {} : { data: JSON.parse(fields["data"]) as Record<string, unknown> };
        return { id: Number(fields["id"]), ...(fields["event"] ? { event: fields["event"] } : {}), ...data };
      });
  while (told().filter(({ data }) => data).length < count) {
    const { done, value } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
  }
  await reader.cancel();
  return told();
}

test("the stream begins where one was, misses nothing, and goes on with what happens", async () => {
  const { seq } = service.writer.state();
  const [all, submitted] = await Promise.all([
    listen(admin, "/v1/events?after=0", seq + 2),
    service.ask("POST /v1/jobs", { token: theirs, body: fileOf("theirs", "team-b") }),
  ]);
  expect(submitted.status).toBe(201);
  expect(all.map(({ id }) => id)).toEqual(Array.from({ length: seq + 2 }, (_, i) => i + 1));
  expect(all.slice(-2).map(({ event }) => event)).toEqual(["submitted", "placed"]);
  const resumed = await listen(admin, "/v1/events", 2, { "Last-Event-ID": String(seq) });
  expect(resumed).toEqual(all.slice(-2));
});

test("the same from the log, by a service that has just started", async () => {
  const before = await listen(admin, "/v1/events?after=0", 3);
  service = await openSecured(database, { anew: false });
  expect(await listen(admin, "/v1/events?after=0", 3)).toEqual(before);
});

test("no secret is told: neither of launches nor of clients, nor how programs are started", async () => {
  const headers = { "Idempotency-Key": "mine" };
  await service.ask("POST /v1/jobs", { token: theirs, headers, body: fileOf("keyed", "team-b") });
  const { jobs, seq } = service.writer.state();
  const text = JSON.stringify(await listen(admin, "/v1/events?after=0", seq));
  expect(text).toContain('"placed"');
  expect(text).not.toMatch(/launchKey|clientKey|commandPrefix/);
  expect(text).not.toContain(jobs.get("theirs")!.epoch!.launchKey);
});

test("a tenant is told of its own jobs alone, and gets on through those of others", async () => {
  const { seq } = service.writer.state();
  const [told] = await Promise.all([
    listen(ours, `/v1/events?after=0`, 5),
    service.ask("POST /v1/jobs", { token: ours, body: fileOf("ours-now", "team-a") }),
  ]);
  const own = told.filter(({ data }) => data);
  expect(
    own.map(({ data, event }) => [event, data!["jobId"] ?? (data!["job"] as { id: string } | undefined)?.id]),
  ).toEqual([
    ["fleet-loaded", undefined],
    ["submitted", "first"],
    ["placed", "first"],
    ["cancel-requested", "first"],
    ["submitted", "ours-now"],
  ]);
  expect(JSON.stringify(told)).not.toMatch(/theirs|team-b/);
  expect(own.at(-1)!.id).toBeGreaterThan(seq);
});

test("whoever takes the name of a job that was forgotten is told nothing of that one", async () => {
  const { clock, writer } = service;
  const submit = (token: string, tenant: string) =>
    service.ask("POST /v1/jobs", { token, body: fileOf("handed-on", tenant) });
  await submit(theirs, "team-b");
  await service.ask("POST /v1/jobs/handed-on/cancel", { token: theirs });
  expect(writer.state().jobs.get("handed-on")!.phase).toBe("ended");
  clock.seconds += 1000;
  await writer.commit(() => [{ kind: "forgotten", jobIds: ["handed-on"] }]);
  const { seq } = writer.state();
  await submit(ours, "team-a");
  const told = await listen(ours, "/v1/events?after=0", 6);
  const about = told.filter(({ data }) => JSON.stringify(data ?? {}).includes("handed-on"));
  expect(about.map(({ event }) => event)).toContain("submitted");
  expect(Math.min(...about.map(({ id }) => id))).toBeGreaterThan(seq);
  const decisions = await service.ask("GET /v1/decisions", { token: ours });
  const { decisions: known } = (await decisions.json()) as { decisions: { jobId: string; seq: number }[] };
  expect(known.filter((each) => each.jobId === "handed-on" && each.seq <= seq)).toEqual([]);
});

test("a stream ends with the token that opened it", async () => {
  const token = await service.tokenFor(["read"]);
  const response = await service.ask("GET /v1/events", { token });
  const reader = response.body!.getReader();
  await reader.read();
  await service.revoke(token);
  await service.ask("POST /v1/jobs", { token: ours, body: fileOf("wakes", "team-a") });
  let ended = false;
  for (let i = 0; i < 10 && !ended; i++) ended = (await reader.read()).done;
  expect(ended).toBe(true);
  expect((await service.ask("GET /v1/events", { token })).status).toBe(401);
});

test("one tenant's clients do not take every place, nor does whoever asks for the head alone", async () => {
  const open = (token: string, method = "GET") => service.ask(`${method} /v1/events`, { token });
  for (let i = 0; i < 250; i++) expect((await open(ours, "HEAD")).status).toBe(200);
  const many: Response[] = [];
  while ((many.at(-1)?.status ?? 200) === 200) many.push(await open(ours));
  expect(many.at(-1)!.status).toBe(429);
  expect(many.length).toBeLessThan(100);
  const other = await open(theirs);
  expect(other.status).toBe(200);
  await Promise.all([...many, other].map((response) => response.body?.cancel()));
  await sleep(10);
  const again = await open(ours);
  expect(again.status).toBe(200);
  await again.body!.cancel();
});

test("a client that does not take what it is sent is sent away, and others are not kept waiting", async () => {
  const { writer } = service;
  const app: App = new OpenAPIHono<ApiEnv>();
  app.use((c, next) => {
    c.set("identity", ANYBODY);
    return next();
  });
  const readEvents = archiveOf(database).events;
  const listeners = createListeners({ writer, isGood: () => true, patienceSeconds: 0.05 });
  addEvents(app, { readEvents, writer } as unknown as ApiContext, listeners);
  const slow = await app.request("/v1/events?after=0");
  const quick = await app.request("/v1/events?after=0");
  const reader = quick.body!.getReader();
  for (let i = 0; i < 2; i++) expect((await reader.read()).done).toBe(false); // a greeting and a page
  await sleep(300); // several times its patience
  const text = await slow.text(); // ends: nothing more is sent to it
  expect(text.startsWith(": listening")).toBe(true);
  await reader.cancel();
});

test("pages of jobs follow each other; without a limit there is one", async () => {
  const get = async (query: string) => {
    const answer = await service.ask(`GET /v1/jobs${query}`, { token: admin });
    return (await answer.json()) as { jobs: JobView[]; next?: string };
  };
  const all = (await get("")).jobs.map(({ id }) => id);
  const paged: string[] = [];
  for (let next: string | undefined = ""; next !== undefined; ) {
    const page: Awaited<ReturnType<typeof get>> = await get(`?limit=2${next === "" ? "" : `&after=${next}`}`);
    expect(page.jobs.length).toBeLessThanOrEqual(2);
    paged.push(...page.jobs.map(({ id }) => id));
    next = page.next;
  }
  expect(paged).toEqual(all);
  expect((await get("")).next).toBeUndefined();
  expect((await get("?tenant=team-b")).jobs.map(({ id }) => id)).toEqual(["theirs", "keyed"]);
  const queued = await get("?phase=queued");
  expect(queued.jobs.every(({ phase }) => phase === "queued")).toBe(true);
  expect((await service.ask("GET /v1/jobs?limit=0", { token: admin })).status).toBe(400);
});

test("metrics are in base units, of what there is and what has happened", async () => {
  await service.ask("GET /v1/jobs");
  const text = await (await service.ask("GET /metrics", { token: admin })).text();
  for (const line of [
    'bace_region_gpus{region="east",of="total"} 2',
    'bace_events_appended_total{kind="submitted"}',
    'bace_http_requests_total{route="POST /v1/jobs",status="201"}',
    'bace_http_rejections_total{code="no-token"} 1',
    "bace_append_seconds_count",
    "bace_decide_seconds_count",
    'bace_jobs{phase="queued"}',
  ])
    expect(text).toContain(line);
  const named = (type: string) =>
    Array.from(text.matchAll(new RegExp(`^# TYPE (\\S+) ${type}`, "gm")), ([, name]) => name!);
  expect(named("counter").filter((name) => !name.endsWith("_total"))).toEqual([]);
  expect(named("histogram").filter((name) => !name.endsWith("_seconds"))).toEqual([]);
});
