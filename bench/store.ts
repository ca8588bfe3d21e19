// `npx tsx bench/store.ts`: what the event log costs on a PostgreSQL server of its own, with fsync, on this machine's disk.
// The yardstick is that server's own rate of single-row inserts, one commit after the other over one connection: how fast
// a disk and a machine are cancels out of the ratios; of a burst it is taken before and after.
// Takes about a minute; `--jobs N` for another number than ten thousand.
//   append     events per second through the log, one at a time and in batches
//   burst      all jobs submitted at once through the app, 64 in flight: accepted per second, and time until all are decided
//   restart    those jobs in the log: seconds until they are read (restart.ts has them running)
import { parseArgs } from "node:util";
import { createPolicy, type Event } from "../packages/core/src/index.ts";
import type { Database } from "../packages/server/src/store/database.ts";
import { openLog } from "../packages/server/src/store/log.ts";
import { createFakeExecutor } from "../packages/server/test/support/fake-executor.ts";
import { jobText, openService } from "../packages/server/test/support/service.ts";
import { secondsNow, show, sixRegions, WALL_CLOCK, withPostgres } from "./service-bench.ts";

const IN_FLIGHT = 64;
const MEASURE_SECONDS = 3;
const BATCH = 100;

const { values } = parseArgs({ options: { jobs: { type: "string", default: "10000" } } });
const JOBS = Number(values.jobs);

/** Times `once` is done in a second, one after the other. */
async function rateOf(once: (i: number) => Promise<unknown>): Promise<number> {
  const since = secondsNow();
  let count = 0;
  while (secondsNow() - since < MEASURE_SECONDS) await once(count++);
  return count / (secondsNow() - since);
}

async function singleRowRate(database: Database): Promise<number> {
  await database.query("drop table if exists yardstick");
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

async function burst(database: Database): Promise<void> {
  const { client, writer } = await openService(
    database,
    createFakeExecutor(),
    WALL_CLOCK,
    createPolicy("bace-plus"),
    { scenario: sixRegions(64) },
  );
  const before = await singleRowRate(database);
  const since = secondsNow();
  const sinceUsage = process.cpuUsage();
  let next = 0;
  const submitter = async () => {
    while (next < JOBS) {
      const text = jobText(`job-${next++}`, { gpus: 2 });
      await client.submit({ file: "job.yaml", text, directory: "/data" });
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, submitter));
  const accepted = secondsNow();
  const { system, user } = process.cpuUsage(sinceUsage);
  await writer.commit(() => []); // and what is still to be decided
  const decided = secondsNow();
  const rate = (before + (await singleRowRate(database))) / 2;
  const { active, queued } = writer.state();
  process.stdout.write(`${JOBS} jobs: ${active.size} placed, ${queued.size} wait\n`);
  show("burst: single-row inserts before and after it", rate, "rows/s");
  show("burst: accepted", JOBS / (accepted - since), "jobs/s", rate);
  show("burst: processor time, client and service", (system + user) / 1000 / JOBS, "ms/job");
  show("burst: until all are decided", decided - since, "s");
  show("burst: decided", JOBS / (decided - since), "jobs/s", rate);
  const sinceRestart = secondsNow();
  const { state } = await openLog(database);
  show(`restart: ${state.seq} events, ${state.jobs.size} jobs read`, secondsNow() - sinceRestart, "s");
}

await withPostgres(async (open) => {
  const database = await open();
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
  await burst(database);
  await database.close();
});
