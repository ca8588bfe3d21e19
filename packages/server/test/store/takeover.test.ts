// Two instances of the service on one PostgreSQL: one is active, the other stands by and takes over, whichever way the
// active one ends. Jobs go on meanwhile, and nothing is launched twice.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { createClient, type Service, type ServiceOptions, startService } from "../../src/index.ts";
import { freePort } from "../support/free-port.ts";
import { startPostgres, type TestPostgres, whyNoPostgres } from "../support/postgres.ts";
import { jobText, SCENARIO } from "../support/service.ts";
import { type StandIn, standInWorker } from "../support/stand-in-worker.ts";

const INSTANCE = fileURLToPath(new URL("../support/instance.ts", import.meta.url));
const PATIENCE = { timeout: 20_000, interval: 50 };

let postgres: TestPostgres;
let standIn: StandIn;
let folder: string;
let options: ServiceOptions;
const services: Service[] = [];
const children: ChildProcess[] = [];

beforeAll(async () => {
  if (whyNoPostgres === undefined) postgres = await startPostgres();
}, 60_000);
afterAll(() => postgres?.remove());
beforeEach(async () => {
  await postgres.query("drop schema public cascade; create schema public");
  folder = mkdtempSync(join(tmpdir(), "bace-takeover-"));
  standIn = standInWorker();
  const { python, workerDirectory } = standIn;
  options = {
    ...{ stateDirectory: join(folder, "state"), python, workerDirectory, database: postgres.url },
    scenario: { file: "two-regions.yaml", text: SCENARIO },
    advertise: "http://bace.example:7420",
    open: true,
  };
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  for (const service of services.splice(0)) await service.close();
  standIn.remove();
  rmSync(folder, { recursive: true, force: true });
});

const start = async (more: Partial<ServiceOptions> = {}): Promise<Service> => {
  const service = await startService({ ...options, port: await freePort(), ...more });
  services.push(service);
  return service;
};
const statusOf = async ({ url }: { url: string }, path: string) =>
  (await fetch(`${url}${path}`).catch(() => undefined))?.status;
const isReady = async (service: { url: string }) => (await statusOf(service, "/readyz")) === 200;
const becomesReady = (service: { url: string }) =>
  vi.waitFor(async () => expect(await isReady(service)).toBe(true), PATIENCE);
const startsOf = (key: string) =>
  readFileSync(join(options.stateDirectory, "launches", key, "starts"), "utf8")
    .trim()
    .split("\n");

describe.skipIf(whyNoPostgres)(`take-over${whyNoPostgres ? ` (skipped: ${whyNoPostgres})` : ""}`, () => {
  test("the second instance stands by: alive, not ready, and it says whom to ask", async () => {
    const turns: string[] = [];
    const active = await start({ onTurn: ({ kind }) => turns.push(kind) });
    const standby = await start({ onTurn: ({ kind }) => turns.push(kind) });
    expect(turns).toEqual(["active", "standing-by"]);
    expect([await statusOf(active, "/readyz"), await statusOf(standby, "/readyz")]).toEqual([200, 503]);
    expect(await statusOf(standby, "/healthz")).toBe(200);
    const refused = await fetch(`${standby.url}/v1/jobs`);
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).toBe("1");
    expect(refused.headers.get("content-type")).toBe("application/problem+json");
    expect(await refused.json()).toMatchObject({ code: "standing-by" });
    await active.close();
    await becomesReady(standby);
    expect(turns).toEqual(["active", "standing-by", "active"]);
  }, 60_000);

  test("an instance killed with -9 is succeeded within seconds; its launch goes on, and is not started again", async () => {
    const port = await freePort();
    const child = instance({ ...options, port });
    const active = { url: `http://127.0.0.1:${port}` };
    await becomesReady(active);
    const standby = await start();
    const submitted = await createClient(active.url).submit({
      ...{ file: "job.yaml", text: jobText("a", { gpus: 2 }), directory: folder },
    });
    expect(submitted.jobIds).toEqual(["a"]);
    await vi.waitFor(() => expect(startsOf("a.1.east")).toHaveLength(1), PATIENCE);
    expect(await isReady(standby)).toBe(false);

    const killedAt = performance.now();
    child.kill("SIGKILL");
    await becomesReady(standby);
    expect(performance.now() - killedAt).toBeLessThan(10_000);

    const client = createClient(standby.url);
    expect(await client.job("a")).toMatchObject({ phase: "starting", epoch: 1 });
    writeFileSync(join(options.stateDirectory, "launches", "a.1.east", "finish"), "0");
    await vi.waitFor(async () => expect((await client.job("a")).phase).toBe("ended"), PATIENCE);
    expect(await client.job("a")).toMatchObject({ outcome: "finished", epoch: 1 });
    expect(startsOf("a.1.east")).toHaveLength(1);
    expect(readdirSync(join(options.stateDirectory, "launches"))).toEqual(["a.1.east"]);
  }, 90_000);

  test("when the active session is ended by the server, one of them is active again, and never both", async () => {
    const pair = [await start(), await start()];
    let both = 0;
    let looking = true;
    const watch = (async () => {
      while (looking) {
        const before = await isReady(pair[0]!);
        const other = await isReady(pair[1]!);
        if (before && other && (await isReady(pair[0]!))) both++;
        await new Promise((done) => setTimeout(done, 5));
      }
    })();
    for (let round = 1; round <= 3; round++) {
      const active = (await isReady(pair[0]!)) ? pair[0]! : pair[1]!;
      await createClient(active.url).submit({
        ...{ file: "job.yaml", text: jobText(`job-${round}`, { gpus: 1 }), directory: folder },
      });
      await postgres.query(
        "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted",
      );
      await vi.waitFor(() => expect(pair.filter((each) => each.active())).toHaveLength(0), PATIENCE);
      await vi.waitFor(() => expect(pair.filter((each) => each.active())).toHaveLength(1), PATIENCE);
    }
    looking = false;
    await watch;
    expect(both).toBe(0);
    const last = pair.find((each) => each.active())!;
    const { jobs } = await createClient(last.url).jobs();
    expect(jobs.map(({ id }) => id).sort()).toEqual(["job-1", "job-2", "job-3"]);
    const rows = await postgres.query<{ seq: string }>("select seq from events order by seq");
    expect(rows.map(({ seq }) => Number(seq))).toEqual(rows.map((_, i) => i + 1));
  }, 90_000);

  test("a service whose database is away stands by until it is back, and knows everything then", async () => {
    const service = await start();
    const client = createClient(service.url);
    const job = { file: "job.yaml", directory: folder };
    await client.submit({ ...job, text: jobText("before") });
    await postgres.killHard();
    await vi.waitFor(() => expect(service.active()).toBe(false), PATIENCE);
    expect([await statusOf(service, "/healthz"), await statusOf(service, "/v1/jobs")]).toEqual([200, 503]);
    await postgres.start();
    await becomesReady(service);
    expect((await client.jobs()).jobs.map(({ id }) => id)).toEqual(["before"]);
    await client.submit({ ...job, text: jobText("after") });
  }, 90_000);

  test("a state folder is bound to its database: launches of one log are never reconciled with another", async () => {
    await (await start()).close();
    await postgres.query("update identity set id = gen_random_uuid()");
    await expect(start()).rejects.toMatchObject({ code: "other-database" });
    const { database: _, ...embedded } = options;
    await expect(startService(embedded)).rejects.toMatchObject({ code: "other-database" });
    expect(existsSync(join(options.stateDirectory, "db"))).toBe(false);
  }, 60_000);

  test("what ranks were told is kept while they run", async () => {
    const service = await start();
    await createClient(service.url).submit({
      file: "job.yaml",
      text: jobText("a", { gpus: 2 }),
      directory: folder,
    });
    await vi.waitFor(() => expect(startsOf("a.1.east")).toHaveLength(1), PATIENCE);
    const plan = readFileSync(join(options.stateDirectory, "launches", "a.1.east", "plan.json"), "utf8");
    expect(JSON.parse(plan)).toMatchObject({ control: { url: "http://bace.example:7420" } });
    await service.close();
    await expect(start({ advertise: "http://other.example:7420" })).rejects.toMatchObject({
      code: "host-kept",
    });
    await expect(start({ advertise: "http://bace.example:7421" })).rejects.toMatchObject({
      code: "port-kept",
    });
    await expect(start({ advertise: "bace.example" })).rejects.toMatchObject({ code: "invalid-address" });
    await start();
    writeFileSync(join(options.stateDirectory, "launches", "a.1.east", "finish"), "0");
  }, 60_000);
});

function instance(given: ServiceOptions): ChildProcess {
  const child = spawn(process.execPath, ["--import", "tsx", INSTANCE, JSON.stringify(given)], {
    stdio: "ignore",
  });
  children.push(child);
  return child;
}
