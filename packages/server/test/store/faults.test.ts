// What a database can do to its service: be killed in the middle of a transaction, run out of disk. Whatever was
// acknowledged is there afterwards, once; what was not may be, whole.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Event } from "@bace-pipe/core";
import { afterEach, describe, expect, test, vi } from "vitest";
import { ApiError, createClient, type ServiceOptions, startService } from "../../src/index.ts";
import { openLog } from "../../src/store/log.ts";
import { openPostgres } from "../../src/store/postgres.ts";
import { startPostgres, whyNoPostgres } from "../support/postgres.ts";
import { jobText, SCENARIO } from "../support/service.ts";
import { type SmallDisk, smallDisk } from "../support/small-disk.ts";
import { standInWorker } from "../support/stand-in-worker.ts";

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

const note = (seq: number): Event => ({ kind: "cancel-requested", jobId: `${seq}`, seq, atSeconds: seq });

describe.skipIf(whyNoPostgres)(
  `PostgreSQL killed with -9${whyNoPostgres ? ` (${whyNoPostgres})` : ""}`,
  () => {
    test("in the middle of a stream of appends: nothing acknowledged is lost, no number is there twice", async () => {
      const server = await startPostgres({ settings: ["fsync=on"] });
      undo.push(server.remove);
      let acknowledged = 0;
      for (let round = 1; round <= 4; round++) {
        const database = (await vi.waitFor(() => openPostgres(server.url), { timeout: 20_000 }))!;
        const { log, state } = await openLog(database);
        expect(state.seq).toBeGreaterThanOrEqual(acknowledged);
        expect(state.seq - acknowledged).toBeLessThanOrEqual(3); // the append whose answer was lost, whole or not at all
        expect((state.seq - acknowledged) % 3).toBe(0);
        let killed: Promise<void> | undefined;
        let seq = state.seq;
        const stream = (async () => {
          for (;;) {
            await log.append([note(seq + 1), note(seq + 2), note(seq + 3)]);
            seq += 3;
            acknowledged = seq;
            if (seq >= state.seq + 60 * round) killed ??= server.killHard();
          }
        })();
        await expect(stream).rejects.toThrow();
        await killed;
        await expect(database.lost).rejects.toThrow();
        await database.close();
        await server.start();
      }
      const rows = await server.query<{ seq: string }>("select seq from events order by seq");
      expect(rows.map(({ seq }) => Number(seq))).toEqual(rows.map((_, i) => i + 1));
      expect(rows.length).toBeGreaterThanOrEqual(acknowledged);
    }, 90_000);
  },
);

/** Submits jobs one after the other; the names of those that were accepted. */
async function submitUntilRefused(url: string, prefix: string): Promise<readonly string[]> {
  const client = createClient(url);
  const accepted: string[] = [];
  for (let i = 0; i < 2000; i++) {
    const name = `${prefix}-${i}`;
    try {
      await client.submit({ file: "job.yaml", text: jobText(name), directory: "/data" });
    } catch (error) {
      expect(error).toBeInstanceOf(ApiError);
      expect((error as ApiError).problem.status).toBe(503);
      return accepted;
    }
    accepted.push(name);
  }
  throw new Error("the disk never was full");
}

/** The disk fills up under a running service, and is emptied again. */
async function fillUp(disk: SmallDisk, options: ServiceOptions): Promise<void> {
  const service = await startService(options);
  undo.push(service.close);
  const client = createClient(service.url);
  await client.submit({ file: "job.yaml", text: jobText("first"), directory: "/data" });
  disk.fill();
  const accepted = await submitUntilRefused(service.url, "job");
  await sleep(1500); // terms begin, and fail
  await vi.waitFor(async () => expect((await fetch(`${service.url}/healthz`)).status).toBe(200), {
    timeout: 10_000,
  });
  disk.free();
  await vi.waitFor(() => expect(service.active()).toBe(true), { timeout: 30_000, interval: 100 });
  const { jobs } = await client.jobs();
  const there = new Set(jobs.map(({ id }) => id));
  expect(["first", ...accepted].filter((name) => !there.has(name))).toEqual([]);
  expect(there.size - accepted.length - 1).toBeLessThanOrEqual(1);
  await client.submit({ file: "job.yaml", text: jobText("last"), directory: "/data" });
}

function optionsOf(stateDirectory: string): ServiceOptions {
  const standIn = standInWorker();
  undo.push(standIn.remove);
  const { python, workerDirectory } = standIn;
  const scenario = { file: "two-regions.yaml", text: SCENARIO };
  return { stateDirectory, python, workerDirectory, scenario, open: true };
}

describe("disk full", () => {
  test("under the embedded database", async ({ skip }) => {
    const disk = smallDisk(160);
    if (!disk) return skip("this process may not mount a file system");
    undo.push(disk.remove);
    await fillUp(disk, optionsOf(join(disk.folder, "state")));
  }, 120_000);

  test("under a PostgreSQL server", async ({ skip }) => {
    if (whyNoPostgres !== undefined) return skip(whyNoPostgres);
    const disk = smallDisk(200);
    if (!disk) return skip("this process may not mount a file system");
    undo.push(disk.remove);
    const server = await startPostgres({ folder: disk.folder });
    undo.push(server.remove);
    const folder = mkdtempSync(join(tmpdir(), "bace-full-"));
    undo.push(() => rmSync(folder, { recursive: true, force: true }));
    await fillUp(disk, { ...optionsOf(join(folder, "state")), database: server.url });
  }, 120_000);
});
