// The stream of changes that pages listen to: what each connection is told, and what those know who come back.
import type { Fact } from "@bace-pipe/core";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Changes } from "../src/api/schemas/live.ts";
import type { Database } from "../src/store/database.ts";
import { openPglite } from "../src/store/pglite.ts";
import { fileOf, openSecured, type Secured } from "./security/secured.ts";
import { jobText } from "./support/service.ts";

let database: Database;
let service: Secured;
let admin: string;
let ours: string;

beforeAll(async () => {
  database = await openPglite();
}, 60_000);
beforeEach(async () => {
  service = await openSecured(database);
  admin = await service.tokenFor(["admin"]);
  ours = await service.tokenFor(["read", "submit"], "team-a");
});
afterAll(() => database.close());

interface Told {
  readonly id: string | undefined;
  readonly changes: Changes;
}

/** A connection, read an event at a time. */
async function listen(token: string, lastEventId?: string) {
  const headers = lastEventId === undefined ? {} : { "Last-Event-ID": lastEventId };
  const response = await service.ask("GET /v1/live", { token, headers });
  expect(response.status).toBe(200);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const next = async (): Promise<Told> => {
    for (;;) {
      const end = text.indexOf("\n\n");
      if (end >= 0) {
        const lines = text.slice(0, end).split("\n");
        text = text.slice(end + 2);
        const field = (name: string) =>
          lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
        const data = field("data");
        if (data === undefined) continue; // a comment
        return { id: field("id"), changes: JSON.parse(data) as Changes };
      }
      const { done, value } = await reader.read();
      if (done) throw new Error("the stream has ended");
      text += value;
    }
  };
  return { next, close: () => reader.cancel() };
}

const submit = (name: string, tenant = "team-a") =>
  service.ask("POST /v1/jobs", { token: admin, body: fileOf(name, tenant) });
const seqIn = ({ id }: Told) => Number(id!.split(".")[1]);
const idsOf = ({ changes }: Told) => changes.jobs.map(({ id }) => id);

test("a page is told everything, then what changes: jobs as the list has them, the fleet, and what is held", async () => {
  await submit("first");
  const page = await listen(admin);
  const all = await page.next();
  expect(all.changes).toMatchObject({ begin: true, nowSeconds: 1000 });
  const list = (await (await service.ask("GET /v1/jobs", { token: admin })).json()) as { jobs: unknown };
  expect(all.changes.jobs).toEqual(list.jobs);
  const regions = await (await service.ask("GET /v1/regions", { token: admin })).json();
  expect(all.changes.regions).toEqual(regions);
  const held = { east: 2, west: 2 } as Record<string, number>;
  for (const { gpus, region } of all.changes.jobs[0]!.placement!.regions) held[region]! -= gpus;
  expect(all.changes.load!.freeGpus).toEqual(held);
  expect(seqIn(all)).toBe(service.writer.state().seq);

  await submit("second");
  const change = await page.next();
  expect(idsOf(change)).toContain("second");
  expect(change.changes.begin).toBeUndefined();
  expect(change.changes.regions).toBeUndefined(); // the figures are the same
  expect(seqIn(change)).toBe(service.writer.state().seq);
  await page.close();
});

test("who comes back is told what has changed since; a service that began later tells everything", async () => {
  await submit("before");
  const page = await listen(admin);
  const { id } = await page.next();
  await page.close();
  await submit("meanwhile");
  const back = await listen(admin, id);
  const missed = await back.next();
  expect(missed.changes.begin).toBeUndefined();
  expect(idsOf(missed)).toEqual(["meanwhile"]);
  await back.close();

  service = await openSecured(database, { anew: false }); // a restart
  const after = await listen(admin, id);
  const told = await after.next();
  expect(told.changes.begin).toBe(true);
  expect(idsOf(told)).toEqual(["before", "meanwhile"]);
  await after.close();
});

test("a place in the log that there has never been is answered with everything", async () => {
  await submit("only");
  const first = await listen(admin);
  const { id } = await first.next();
  await first.close();
  // The same place in another service's log: a backup that was restored, and went on otherwise.
  for (const place of [
    "1000000",
    String(seqIn({ id } as Told)),
    id!.replace(/^./, "x"),
    `${id}000`,
    "elsewhere",
  ]) {
    const page = await listen(admin, place);
    expect((await page.next()).changes.begin).toBe(true);
    await page.close();
  }
});

test("many jobs come in several events, of which the last alone has an id", async () => {
  const names = Array.from({ length: 600 }, (_, i) => `job-${i}`);
  await submit("job-x");
  const { job } = service.writer.state().jobs.get("job-x")!;
  await service.writer.commit(() => names.map((id) => ({ kind: "submitted", job: { ...job, id } })));
  const page = await listen(admin);
  const told: Told[] = [];
  do told.push(await page.next());
  while (told.at(-1)!.id === undefined);
  expect(told.map(({ changes }) => changes.begin)).toEqual([true, undefined, undefined]);
  expect(told.flatMap(idsOf)).toEqual(["job-x", ...names]);
  await page.close();
});

test("a tenant's token is told of its own jobs, and of no name of others, not even of forgotten ones", async () => {
  await submit("mine");
  await submit("other", "team-b"); // all GPUs are taken, so that the next one has ended when it is cancelled
  await submit("secret", "team-b");
  const page = await listen(ours);
  const all = await page.next();
  expect(idsOf(all)).toEqual(["mine"]);
  await service.ask("POST /v1/jobs/secret/cancel", { token: admin });
  await service.writer.commit(() => [{ kind: "forgotten", jobIds: ["secret"] }]);
  expect(service.writer.state().jobs.has("secret")).toBe(false);
  const told = await page.next();
  expect(JSON.stringify([all, told])).not.toContain("secret");
  await page.close();
});

test("prices that move are told with the regions", async () => {
  const page = await listen(admin);
  const before = await page.next();
  service.clock.seconds += 10;
  await service.writer.commit(() => [
    { kind: "price-changed", region: "east", priceUsdPerKwh: 0.33, source: "test", observedAtSeconds: 1010 },
  ]);
  const after = await page.next();
  const priceOf = ({ changes }: Told) =>
    changes.regions!.regions.find(({ name }) => name === "east")!.priceUsdPerKwh;
  expect([priceOf(before), priceOf(after)]).toEqual([0.1, 0.33]);
  await page.close();
});

test("a tenant is told that its job is gone, also where another tenant's has its name at once", async () => {
  for (const name of ["east", "west", "name"]) await submit(name); // two of them take all GPUs
  await service.ask("POST /v1/jobs/name/cancel", { token: admin });
  const page = await listen(ours);
  const first = await page.next();
  expect(first.changes.jobs.at(-1)).toMatchObject({ id: "name", phase: "ended" });
  await page.close();
  await service.writer.commit(() => [{ kind: "forgotten", jobIds: ["name"] }]);
  await submit("name", "team-b");
  const back = await listen(ours, first.id);
  const told = await back.next();
  expect(told.changes.begin).toBe(true);
  expect(idsOf(told)).toEqual(["east", "west"]);
  await back.close();
});

test("jobs are told that an event about the fleet has changed: stopped in a region, and feasible again", async () => {
  const gpus = (count: number): Fact => ({ kind: "capacity-changed", region: "west", gpus: count });
  await submit("runs");
  const text = `${jobText("wide", { gpus: 3 })}tenant: team-a\n`;
  await service.ask("POST /v1/jobs", { token: admin, body: fileOf("wide", "team-a", { text }) });
  const page = await listen(admin);
  await page.next();
  const known = new Map<string, string>();
  const until = async (name: string, phase: string) => {
    while (known.get(name) !== phase)
      for (const job of (await page.next()).changes.jobs) known.set(job.id, job.phase);
  };
  const { why } = service.writer.state().jobs.get("runs")!.epoch!;
  await service.writer.commit(() => [gpus(0), { kind: "infeasible", jobId: "wide", why }]);
  await until("wide", "infeasible");
  await service.writer.commit(() => [gpus(1)]);
  await until("wide", "queued");
  await service.writer.commit(() => [{ kind: "region-drained", region: "east" }]);
  await until("runs", "stopping");
  await page.close();
});
