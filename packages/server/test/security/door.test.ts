// Who is let in where: every route, with no token, a bad one, the wrong one, the right one.
import type { State } from "@bace-pipe/core";
import { Hono } from "hono";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { guard } from "../../src/access/guard.ts";
import { openAccess } from "../../src/access/open-access.ts";
import { ROUTES } from "../../src/access/routes.ts";
import type { ApiEnv } from "../../src/api/context.ts";
import type { ProblemError } from "../../src/problem.ts";
import type { Database } from "../../src/store/database.ts";
import { openPglite } from "../../src/store/pglite.ts";
import { fileOf, openSecured, problemOf, type Secured } from "./secured.ts";

let database: Database;
let service: Secured;
let routes: string[];

beforeAll(async () => {
  database = await openPglite();
  service = await openSecured(database);
  const document = (await (await service.ask("GET /openapi.json")).json()) as {
    paths: Record<string, object>;
  };
  routes = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
}, 60_000);
afterAll(() => database.close());

const filled = (route: string) =>
  route.replace("{id}", "a").replace("{jobId}", "a").replace("{epoch}", "1").replace("{name}", "east");
const scopedRoutes = () => routes.filter((route) => ROUTES[route]!.kind === "scope");

test("every route says what it needs", () => {
  expect(routes.filter((route) => !(route in ROUTES))).toEqual([]);
  expect(routes.filter((route) => ROUTES[route]!.kind === "public").sort()).toEqual([
    "GET /healthz",
    "GET /readyz",
  ]);
  expect(scopedRoutes().length).toBeGreaterThan(13);
});

test("without a token: 401, with what is needed, on every route that needs one", async () => {
  for (const route of scopedRoutes()) {
    const fresh = await openSecuredDoor();
    const response = await fresh.ask(filled(route));
    expect([route, response.status]).toEqual([route, 401]);
    expect(response.headers.get("www-authenticate")).toBe('Bearer realm="bace-pipe"');
    expect(response.headers.get("content-type")).toMatch(/^application\/problem\+json/);
    const needed = ROUTES[route]!;
    expect(await response.json()).toMatchObject({
      ...{ code: "no-token", status: 401, scope: needed.kind === "scope" ? needed.scope : "" },
    });
  }
}, 60_000);

/** The same data behind a door whose limits nobody has used up. */
const openSecuredDoor = () => openSecured(database, { anew: false });

test("with another scope: 403, with what is needed; with the right one: neither", async () => {
  for (const route of scopedRoutes()) {
    const needed = ROUTES[route]!;
    if (needed.kind !== "scope") continue;
    const others = (["read", "submit", "operate"] as const).filter((scope) => scope !== needed.scope);
    const wrong = await service.ask(filled(route), { token: await service.tokenFor(others) });
    expect([route, wrong.status]).toEqual([route, 403]);
    expect(await wrong.json()).toMatchObject({ code: "missing-scope", scope: needed.scope });
    if (route === "GET /v1/events" || route === "GET /v1/live") continue; // records.test.ts, live.test.ts
    for (const scope of [needed.scope, "admin"] as const) {
      const right = await service.ask(filled(route), { token: await service.tokenFor([scope]) });
      expect([route, right.status === 401 || right.status === 403]).toEqual([route, false]);
    }
  }
}, 60_000);

test("what belongs to all is not for a token that is bound to a tenant", async () => {
  const bound = await service.tokenFor(["admin"], "team-a");
  for (const route of scopedRoutes()) {
    const needed = ROUTES[route]!;
    if (needed.kind !== "scope" || !needed.everyTenant) continue;
    expect([route, await problemOf(service.ask(filled(route), { token: bound }))]).toMatchObject([
      route,
      { status: 403, code: "missing-scope" },
    ]);
  }
});

describe("a token that is not good", () => {
  const detailOf = async (token: string) => {
    const { code, detail, status } = await problemOf(service.ask("GET /v1/jobs", { token }));
    expect([status, code]).toEqual([401, "bad-token"]);
    return detail;
  };

  test("revoked: refused from that moment on, also after a restart", async () => {
    const token = await service.tokenFor(["read"]);
    expect((await service.ask("GET /v1/jobs", { token })).status).toBe(200);
    await service.revoke(token);
    expect(await detailOf(token)).toMatch(/^it was revoked/);
    const again = await openSecuredDoor();
    expect((await again.ask("GET /v1/jobs", { token })).status).toBe(401);
  });

  test("expired: at its last second", async () => {
    const token = await service.tokenFor(["read"], null, 1060);
    expect((await service.ask("GET /v1/jobs", { token })).status).toBe(200);
    service.clock.seconds = 1060;
    expect(await detailOf(token)).toMatch(/^it has expired/);
  });

  test("another secret, another id, a part of it, something else", async () => {
    const token = await service.tokenFor(["read"]);
    const [, id, ...secret] = token.split("_");
    const flipped = `${token.slice(0, -2)}${token.at(-2) === "A" ? "B" : "A"}${token.at(-1)}`;
    expect(await detailOf(flipped)).toMatch(/^nobody knows it/);
    expect(await detailOf(`bace_000000000000_${secret.join("_")}`)).toMatch(/^nobody knows it/);
    expect(await detailOf(`bace_${id}_`)).toMatch(/^that is none/);
    expect(await detailOf("bace")).toMatch(/^that is none/);
  });

  test("in a URL or another header it is none at all", async () => {
    const token = await service.tokenFor(["read"]);
    const code = async (asked: Promise<Response>) => (await problemOf(asked)).code;
    expect(await code(service.ask(`GET /v1/jobs?token=${token}`))).toBe("no-token");
    expect(await code(service.ask("GET /v1/jobs", { headers: { Authorization: `Basic ${token}` } }))).toBe(
      "no-token",
    );
  });
});

test("bad tokens are no longer answered one by one; a good one from the same address is", async () => {
  const fresh = await openSecuredDoor();
  const statuses: number[] = [];
  for (let i = 0; i < 25; i++) statuses.push((await fresh.ask("GET /v1/jobs", { token: "guess" })).status);
  expect(new Set(statuses)).toEqual(new Set([401, 429]));
  const limited = await fresh.ask("GET /v1/jobs", { token: "guess" });
  expect(limited.status).toBe(429);
  expect(Number(limited.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
  const token = await fresh.tokenFor(["read"]);
  expect((await fresh.ask("GET /v1/jobs", { token })).status).toBe(200);
});

test("a burst of ten thousand passes; one token that goes on without end is slowed down, another is not", async () => {
  const access = await openAccess({ database, nowSeconds: () => 0, host: "127.0.0.1", onError: () => {} });
  const make = async () =>
    (await access.tokens.create({ name: "x", scopes: ["read"], tenant: null, expiresSeconds: null })).text;
  const [eager, other] = [await make(), await make()];
  let seconds = 0;
  const door = new Hono<ApiEnv>();
  door.use(guard({ access, state: service.writer.state, monotonicSeconds: () => seconds }));
  door.get("/v1/regions", (c) => c.text("in"));
  door.onError((error, c) => c.text((error as ProblemError).problem.code, 429));
  const ask = async (token: string) =>
    (await door.request("/v1/regions", { headers: { Authorization: `Bearer ${token}` } })).status;
  for (let i = 0; i < 10_000; i++) expect(await ask(eager)).toBe(200);
  let more = 0;
  while ((await ask(eager)) === 200) more++;
  expect(more).toBe(2000);
  expect(await ask(other)).toBe(200);
  seconds = 0.01; // two more by then
  expect([await ask(eager), await ask(eager), await ask(eager)]).toEqual([200, 200, 429]);
});

test("whoever asks the scheduler has fewer requests of that kind: it thinks for all of them on one thread", async () => {
  const access = await openAccess({ database, nowSeconds: () => 0, host: "127.0.0.1", onError: () => {} });
  const request = { name: "x", scopes: ["read"], tenant: null, expiresSeconds: null } as const;
  const { text } = await access.tokens.create(request);
  const door = new Hono<ApiEnv>();
  door.use(guard({ access, state: service.writer.state, monotonicSeconds: () => 0 }));
  door.post("/v1/plan", (c) => c.text("in"));
  door.get("/v1/regions", (c) => c.text("in"));
  door.onError((error, c) => c.text((error as ProblemError).problem.code, 429));
  const headers = { Authorization: `Bearer ${text}` };
  const plan = async () => (await door.request("/v1/plan", { method: "POST", headers })).status;
  for (let i = 0; i < 120; i++) expect(await plan()).toBe(200);
  expect(await plan()).toBe(429);
});

test("reports of launches that there are not share one limit, whatever names are made up for them", async () => {
  const access = await openAccess({ database, nowSeconds: () => 0, host: "127.0.0.1", onError: () => {} });
  const jobs = new Map([["real", {}]]);
  const state = () => ({ jobs }) as unknown as State;
  const door = new Hono<ApiEnv>();
  door.use(guard({ access, state, monotonicSeconds: () => 0 }));
  door.post("/v1/launches/:jobId/:epoch/telemetry", (c) => c.text("in"));
  door.onError((error, c) => c.text((error as ProblemError).problem.code, 429));
  const report = async (jobId: string) =>
    (await door.request(`/v1/launches/${jobId}/1/telemetry`, { method: "POST" })).status;
  for (let i = 0; i < 40_000; i++) await report(`made-up-${i}`);
  expect(await report("made-up")).toBe(429);
  expect(await report("real")).toBe(200);
});

test("open to its machine: nobody needs a token, and a bad one is refused all the same", async () => {
  const open = await openSecured(database, { anew: false, open: true });
  expect((await open.ask("GET /v1/jobs")).status).toBe(200);
  expect((await open.ask("GET /v1/tokens")).status).toBe(200);
  expect((await open.ask("GET /v1/jobs", { token: "guess" })).status).toBe(401);
});

test("a page in somebody's browser that calls this machine by its own name is sent away before anything else", async () => {
  const token = await service.tokenFor(["admin"]);
  const hosts = ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "169.254.169.254"];
  for (const host of hosts) {
    const response = await service.request(`http://${host}/v1/jobs`, {
      headers: { Authorization: `Bearer ${token}` },
    });
    expect([host, response.status]).toEqual([host, 421]);
  }
});

test("the text of a token is in no list, and its secret not in the database", async () => {
  const admin = await service.tokenFor(["admin"]);
  const made = await service.ask("POST /v1/tokens", { token: admin, body: { name: "ci", scopes: ["read"] } });
  expect(made.status).toBe(201);
  expect(made.headers.get("cache-control")).toBe("no-store");
  const { text, token } = (await made.json()) as { text: string; token: { id: string } };
  expect((await service.ask("GET /v1/jobs", { token: text })).status).toBe(200);
  const listed = await (await service.ask("GET /v1/tokens", { token: admin })).text();
  const stored = JSON.stringify(await database.query("select * from tokens"));
  for (const where of [listed, stored]) {
    expect(where).toContain(token.id);
    expect(where).not.toContain(text.split("_").slice(2).join("_"));
  }
  expect((await service.ask(`POST /v1/tokens/${token.id}/revoke`, { token: admin })).status).toBe(200);
  expect((await service.ask("GET /v1/jobs", { token: text })).status).toBe(401);
  expect((await problemOf(service.ask("POST /v1/tokens/none/revoke", { token: admin }))).code).toBe(
    "unknown-token",
  );
  const bound = { name: "x", scopes: ["admin"], tenant: "team-a" };
  expect((await service.ask("POST /v1/tokens", { token: admin, body: bound })).status).toBe(400);
});

test("a launch's key opens its launch alone, and without it nobody learns what there is", async () => {
  const fresh = await openSecured(database);
  const token = await fresh.tokenFor(["submit", "read"]);
  await fresh.ask("POST /v1/jobs", { token, body: fileOf("a", "default") });
  const { launchKey } = fresh.writer.state().jobs.get("a")!.epoch!;
  const checkIn = { rank: 0, host: "127.0.0.1", port: 4000, dataHash: null };
  const asked = (path: string, key: string) =>
    fresh.ask(`POST /v1/launches/${path}/rendezvous`, { body: { ...checkIn, launchKey: key } });
  expect((await asked("a/1", launchKey)).status).toBe(200);
  expect((await fresh.ask("GET /v1/jobs", { token: launchKey })).status).toBe(401);
  expect((await asked("a/1", token)).status).toBe(403);
  const guesses = ["a/1", "a/2", "nobody/1"].map((path) => problemOf(asked(path, "guess")));
  const told = (await Promise.all(guesses)).map(({ code, detail, status }) => [
    ...[code, status, detail.replace(/"(a|nobody)"/, "")],
  ]);
  expect(told).toEqual([told[0], told[0], told[0]]);
  expect(told[0]!.slice(0, 2)).toEqual(["wrong-launch-key", 403]);
});
