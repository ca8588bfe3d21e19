// `npx tsx bench/store.ts`: what the event log costs on a PostgreSQL server of its own, with fsync, on this machine's disk.
// The yardstick is that server's own rate of single-row inserts, one commit after the other over one connection: how fast
// a disk and a machine are cancels out of the ratios. Takes about a minute.
//   append     events per second through the log, one at a time and in batches
//   burst      ten thousand jobs submitted at once through the app: accepted per second, and time until all are decided
//   restart    ten thousand jobs in the log: seconds until they are read
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createPolicy, type Event } from "../packages/core/src/index.ts";
import type { Database } from "../packages/server/src/store/database.ts";
import { openLog } from "../packages/server/src/store/log.ts";
import { openPostgres } from "../packages/server/src/store/postgres.ts";
import { createFakeExecutor } from "../packages/server/test/support/fake-executor.ts";
import { startPostgres, whyNoPostgres } from "../packages/server/test/support/postgres.ts";
import { jobText, openService } from "../packages/server/test/support/service.ts";

const JOBS = 10_000;
const IN_FLIGHT = 64;
const MEASURE_SECONDS = 3;
const BATCH = 100;

const REGIONS = Array.from({ length: 6 }, (_, i) => `r${i}`);
const SCENARIO = `
version: 1
name: six-regions
gpuTypes:
  slot: {peakFlopsPerSecond: 2e9, memoryBytes: 1 GB, busyWatts: 300 W, idleWatts: 30 W, emulated: true}
regions:
${REGIONS.map((name, i) => `  - {name: ${name}, gpuType: slot, gpus: 64, priceUsdPerKwh: 0.1${i}}`).join("\n")}
links:
${REGIONS.flatMap((from, i) =>
  REGIONS.slice(i + 1).map(
    (to) =>
      `  - {from: ${from}, to: ${to}, both: true, bandwidthBitsPerSecond: 10 Gbit/s, latencySeconds: 10 ms}`,
  ),
).join("\n")}
`;

const secondsNow = () => performance.now() / 1000;
const show = (name: string, value: number, unit: string, rate?: number) => {
  const ratio = rate === undefined ? "" : `  ${(value / rate).toFixed(2)} of the single-row rate`;
  process.stdout.write(
    `${name.padEnd(52)}${value.toFixed(value < 100 ? 2 : 0).padStart(10)} ${unit}${ratio}\n`,
  );
};

/** Times `once` is done in a second, one after the other. */
async function rateOf(once: (i: number) => Promise<unknown>): Promise<number> {
  const since = secondsNow();
  let count = 0;
  while (secondsNow() - since < MEASURE_SECONDS) await once(count++);
  return count / (secondsNow() - since);
}

async function singleRowRate(database: Database): Promise<number> {
  await database.query("create table yardstick (number bigint primary key, body text not null)");
  const body = "x".repeat(500);
  return rateOf((i) => database.query("insert into yardstick values ($1, $2)", [i, body]));
}

async function appendRate(database: Database, batch: number): Promise<number> {
  const { log, state } = await openLog(database);
  let { seq } = state;
  const jobId = "x".repeat(400);
  const appends = await rateOf(() => {
    const events = Array.from(
      { length: batch },
      (): Event => ({
        ...{ kind: "cancel-requested", jobId },
        ...{ seq: ++seq, atSeconds: 1 },
      }),
    );
    return log.append(events);
  });
  return appends * batch;
}

async function burst(database: Database, rate: number): Promise<void> {
  const clock = {
    get seconds() {
      return secondsNow() + 1_800_000_000;
    },
  };
  const { client, writer } = await openService(
    database,
    createFakeExecutor(),
    clock,
    createPolicy("bace-plus"),
    { scenario: SCENARIO },
  );
  const since = secondsNow();
  let next = 0;
  const submitter = async () => {
    while (next < JOBS) {
      const text = jobText(`job-${next++}`, { gpus: 2 });
      await client.submit({ file: "job.yaml", text, directory: "/data" });
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, submitter));
  const accepted = secondsNow();
  await writer.commit(() => []); // and what is still to be decided
  const decided = secondsNow();
  const { active, queued } = writer.state();
  process.stdout.write(`${JOBS} jobs: ${active.size} placed, ${queued.size} wait\n`);
  show("burst: accepted", JOBS / (accepted - since), "jobs/s", rate);
  show("burst: until all are decided", decided - since, "s");
  show("burst: decided", JOBS / (decided - since), "jobs/s", rate);
  const sinceRestart = secondsNow();
  const { state } = await openLog(database);
  show(`restart: ${state.seq} events, ${state.jobs.size} jobs read`, secondsNow() - sinceRestart, "s");
}

async function main(): Promise<void> {
  if (whyNoPostgres !== undefined) {
    process.stderr.write(`left out: ${whyNoPostgres}\n`);
    process.exitCode = 1;
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), "bace-bench-"));
  const server = await startPostgres({ folder, settings: ["fsync=on", "shared_buffers=128MB"] });
  try {
    const database = (await openPostgres(server.url))!;
    const fresh = async () => {
      await database.query("drop schema public cascade");
      await database.query("create schema public");
    };
    const rate = await singleRowRate(database);
    show("single-row inserts, each committed", rate, "rows/s");
    show("append: one event at a time", await appendRate(database, 1), "events/s", rate);
    await fresh();
    show(`append: ${BATCH} events at a time`, await appendRate(database, BATCH), "events/s", rate);
    await fresh();
    await burst(database, rate);
    await database.close();
  } finally {
    await server.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
