// The stream of changes that pages listen to: what each connection is told, and what those know who come back.
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Changes } from "../src/api/schemas/live.ts";
import type { Database } from "../src/store/database.ts";
import { openPglite } from "../src/store/pglite.ts";
import { fileOf, openSecured, type Secured } from "./security/secured.ts";

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
  readonly id: number | undefined;
  readonly changes: Changes;
}

/** A connection, read an event at a time. */
async function listen(token: string, lastEventId?: number) {
  const headers = lastEventId === undefined ? {} : { "Last-Event-ID": String(lastEventId) };
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
        const id = field("id");
        return { id: id === undefined ? undefined : Number(id), changes: JSON.parse(data) as Changes };
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
  expect(all.id).toBe(service.writer.state().seq);

  await submit("second");
  const change = await page.next();
  expect(idsOf(change)).toContain("second");
  expect(change.changes.begin).toBeUndefined();
  expect(change.changes.regions).toBeUndefined(); // the figures are the same
  expect(change.id).toBe(service.writer.state().seq);
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
  const page = await listen(admin, 1_000_000);
  expect((await page.next()).changes.begin).toBe(true);
  await page.close();
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
  await submit("secret", "team-b");
  const page = await listen(ours);
  const all = await page.next();
  expect(idsOf(all)).toEqual(["mine"]);
  await service.ask("POST /v1/jobs/secret/cancel", { token: admin });
  await service.writer.commit(() => [{ kind: "forgotten", jobIds: ["secret"] }]);
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
