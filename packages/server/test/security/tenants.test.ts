// Two tenants on one service: what one has, the other finds nowhere, and cannot tell from what there is not.
import type { Job, State } from "@bace-pipe/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { hideOthers } from "../../src/access/visible.ts";
import type { JobView } from "../../src/api/schemas/jobs.ts";
import type { ServiceView } from "../../src/api/schemas/service.ts";
import type { Database } from "../../src/store/database.ts";
import { openPglite } from "../../src/store/pglite.ts";
import { jobText, SCENARIO } from "../support/service.ts";
import { fileOf, openSecured, problemOf, type Secured } from "./secured.ts";

let database: Database;
let service: Secured;
let ours: string;
let theirs: string;

beforeAll(async () => {
  database = await openPglite();
  service = await openSecured(database);
  ours = await service.tokenFor(["read", "submit", "operate"], "team-a");
  theirs = await service.tokenFor(["read", "submit", "operate"], "team-b");
  const submit = (token: string, body: object) => service.ask("POST /v1/jobs", { token, body });
  expect((await submit(ours, fileOf("our-first", "team-a"))).status).toBe(201);
  expect((await submit(theirs, fileOf("their-first", "team-b"))).status).toBe(201);
  expect((await submit(theirs, fileOf("their-second", "team-b"))).status).toBe(201);
  const wide = { ...fileOf("x", ""), text: jobText("our-second") }; // names no tenant: it is ours
  expect((await submit(ours, wide)).status).toBe(201);
}, 60_000);
afterAll(() => database.close());

const get = async <T>(path: string, token = ours) =>
  (await (await service.ask(`GET ${path}`, { token })).json()) as T;

test("the list has one's own jobs alone, whatever is asked for", async () => {
  const ids = async (query = "") => {
    const { jobs } = await get<{ jobs: JobView[] }>(`/v1/jobs${query}`);
    return jobs.map(({ id }) => id);
  };
  expect(await ids()).toEqual(["our-first", "our-second"]);
  expect(await ids("?tenant=team-b")).toEqual([]);
  expect(await ids("?limit=10000&phase=running")).toEqual([]);
  expect((await problemOf(service.ask("GET /v1/jobs?after=their-first", { token: ours }))).detail).toBe(
    (await problemOf(service.ask("GET /v1/jobs?after=nobody", { token: ours }))).detail.replace(
      "nobody",
      "their-first",
    ),
  );
});

test("another's job answers in every way as one that there is not", async () => {
  for (const route of [
    "GET /v1/jobs/ID",
    "GET /v1/jobs/ID/explain",
    "GET /v1/jobs/ID/steps",
    "GET /v1/jobs/ID/timeline",
    "GET /v1/jobs/ID/logs",
    "GET /v1/jobs/ID/logs?epoch=1&region=east",
    "POST /v1/jobs/ID/cancel",
    "POST /v1/jobs/ID/hold",
    "POST /v1/jobs/ID/release",
    "GET /v1/jobs/%69ID/explain",
    "POST /v1/jobs/ID%2e/cancel",
  ]) {
    const asked = (id: string) => problemOf(service.ask(route.replace("ID", id), { token: ours }));
    const [other, nobody] = [await asked("their-first"), await asked("never-known")];
    expect(other.status).toBe(404);
    expect(other).toEqual({ ...nobody, detail: nobody.detail.replace("never-known", "their-first") });
  }
  expect(service.writer.state().jobs.get("their-first")!.phase).not.toBe("stopping");
});

test("a job is submitted for one's own tenant, or not at all", async () => {
  const seq = service.writer.state().seq;
  const refused = await problemOf(
    service.ask("POST /v1/jobs", { token: ours, body: fileOf("gift", "team-b") }),
  );
  expect(refused).toMatchObject({ status: 403, code: "wrong-tenant" });
  expect(service.writer.state().seq).toBe(seq);
  expect(service.writer.state().jobs.get("our-second")!.job.tenant).toBe("team-a");
});

test("plans, explanations and decisions name no job of another", async () => {
  const plan = await service.ask("POST /v1/plan", { token: ours, body: fileOf("ours-too", "team-a") });
  const texts = [
    await plan.text(),
    ...(await Promise.all(
      [
        "/v1/decisions",
        "/v1/jobs",
        "/v1/jobs/our-first/explain",
        "/v1/jobs/our-second/explain",
        "/v1/queue",
        "/v1/totals",
        "/v1/regions",
        "/v1/report",
      ].map(async (path) => JSON.stringify(await get(path))),
    )),
  ];
  for (const text of texts) expect(text).not.toMatch(/their-|team-b/);
  expect(JSON.parse(texts[0]!)).toMatchObject({
    decisions: [{ jobId: "our-second" }, { jobId: "ours-too" }],
  });
  const { decisions } = await get<{ decisions: { jobId: string }[] }>("/v1/decisions");
  expect(decisions.map(({ jobId }) => jobId)).toEqual(["our-first"]);
});

test("a name is hidden also when its job has been forgotten, and nothing else that looks like one", () => {
  const identity = { id: "a", name: "a", scopes: ["read"], tenant: "team-a" } as const;
  const job = (tenant: string) => ({ job: { tenant } });
  const jobs = new Map(Object.entries({ east: job("team-b"), own: job("team-a") }));
  const state = { jobs } as unknown as State;
  const shown = <T>(value: T) => hideOthers(value, state, identity);
  const preemptedBy = (name: string) => `preempted by ${name}, which is of a higher class`;
  expect(shown({ reason: preemptedBy("gone"), preempted: { by: "gone" } })).toEqual({
    reason: preemptedBy("another tenant's job"),
    preempted: { by: "another tenant's job" },
  });
  expect(shown({ reason: preemptedBy("own"), why: { behind: "own", blockedBy: "east" } })).toEqual({
    reason: preemptedBy("own"),
    why: { behind: "own", blockedBy: "another tenant's job" },
  });
  expect(shown({ reason: "east: exit code 1" })).toEqual({ reason: "east: exit code 1" });
  expect(hideOthers({ blockedBy: "new" }, state, identity, [{ id: "new" } as Job])).toEqual({
    blockedBy: "new",
  });
});

test("regions show what is free of all, and of whom not", async () => {
  const { regions } = await get<{ regions: { freeGpus: number }[] }>("/v1/regions");
  expect(regions.map(({ freeGpus }) => freeGpus)).toEqual([0, 0]);
});

test("a key of one's own is not another's", async () => {
  const headers = { "Idempotency-Key": "1" };
  const first = await service.ask("POST /v1/jobs", {
    token: ours,
    headers,
    body: fileOf("our-third", "team-a"),
  });
  const second = await service.ask("POST /v1/jobs", {
    token: theirs,
    headers,
    body: fileOf("their-third", "team-b"),
  });
  expect([first.status, second.status]).toEqual([201, 201]);
  expect(await second.json()).toEqual({ jobIds: ["their-third"], existing: [] });
});

test("no file of the machine is read for a tenant", async () => {
  const body = fileOf("reader", "team-a", { directory: "/" });
  const text = `${(body as { text: string }).text}profile: etc/passwd\n`;
  const answer = await service.ask("POST /v1/jobs", { token: ours, body: { ...body, text } });
  expect(answer.status).toBe(422);
  expect(await answer.text()).not.toContain("root");
});

test("on a fleet that lists its tenants no refusal names another, and a job that names none is one's own", async () => {
  const tenants = "tenants:\n  - {name: team-a}\n  - {name: secret-merger}\nlinks:";
  const listing = await openSecured(database, { scenario: SCENARIO.replace("links:", tenants) });
  const token = await listing.tokenFor(["read", "submit"], "team-a");
  const submit = (body: object) => listing.ask("POST /v1/jobs", { token, body });
  const [known, unknown] = await Promise.all(
    ["secret-merger", "nobodys-name"].map(async (tenant) => {
      const { detail, ...rest } = await problemOf(submit(fileOf("x", tenant)));
      return { ...rest, detail: detail.replace(tenant, "T") };
    }),
  );
  expect(known).toEqual(unknown);
  expect((await submit({ ...fileOf("x", ""), text: jobText("of-none") })).status).toBe(201);
  expect(listing.writer.state().jobs.get("of-none")!.job.tenant).toBe("team-a");
  const stranger = await listing.tokenFor(["submit"], "team-c");
  const refused = await listing.ask("POST /v1/jobs", { token: stranger, body: fileOf("x", "team-c") });
  expect(refused.status).toBe(422);
  expect(await refused.text()).not.toMatch(/secret-merger|team-a/);
});

test("whoever asks is told who that is, and what they may do", async () => {
  const { caller } = await get<ServiceView>("/v1/service");
  expect(caller).toEqual({
    ...{ name: "read+submit+operate of team-a", tenant: "team-a" },
    scopes: ["read", "submit", "operate"],
  });
});
