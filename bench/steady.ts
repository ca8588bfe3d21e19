// `node --expose-gc --import tsx bench/steady.ts [--minutes 60] [--rate 4]`: does a service that is always busy grow? Its API on
// a port, on a PostgreSQL of its own, with retention, a listener to its events and a scraper of its metrics; jobs come at a
// steady rate under names that never come back, meet, report, save and end on a fake executor. Once a minute submissions
// pause until nothing is under way, old jobs are forgotten, all garbage is collected, and a line is printed. At the end, by
// least squares over the second half: how many MB per hour the heap and the process grow, with 95 % intervals.
// `--snapshot FOLDER` writes a heap snapshot at a quarter and at the end of the time, to be compared.
//
// Left out: submissions with an Idempotency-Key, which are kept for a day and would be growth for as long; executors'
// own memory of launches.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { inspect, parseArgs } from "node:util";
import { writeHeapSnapshot } from "node:v8";
import { pino } from "pino";
import { createPolicy, type State } from "../packages/core/src/index.ts";
import { openAccess } from "../packages/server/src/access/open-access.ts";
import { createClient } from "../packages/server/src/client.ts";
import { listen } from "../packages/server/src/http-server.ts";
import { createRetention } from "../packages/server/src/retention.ts";
import { archiveOf } from "../packages/server/src/store/archive.ts";
import { migrate } from "../packages/server/src/store/migrate.ts";
import { jobText, openService } from "../packages/server/test/support/service.ts";
import { quickWork } from "./quick-work.ts";
import { sixRegions, WALL_CLOCK, withPostgres } from "./service-bench.ts";
import { slopeOf } from "./slope.ts";

const KEEP_SECONDS = 60;
const SCRAPE_SECONDS = 15;
const SAMPLE_SECONDS = 60;
const SETTLE_MILLISECONDS = 50;
const MOST_WAITS = 300;

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "60" },
    rate: { type: "string", default: "4" },
    snapshot: { type: "string" },
  },
});
const [minutes, jobsPerSecond] = [Number(values.minutes), Number(values.rate)];
const collect = globalThis.gc;

interface Sample {
  readonly hours: number;
  readonly heapMb: number;
  readonly rssMb: number;
}

async function sampled(sinceSeconds: number): Promise<Sample> {
  // Twice: what was only waiting to be finalized is gone after the second.
  for (let i = 0; i < 2; i++) {
    await sleep(SETTLE_MILLISECONDS);
    collect!();
  }
  const { heapUsed, rss } = process.memoryUsage();
  const hours = (WALL_CLOCK.seconds - sinceSeconds) / 3600;
  return { hours, heapMb: heapUsed / 1e6, rssMb: rss / 1e6 };
}

/** Calls back so many times a second, on the whole, until the signal. */
async function steadily(perSecond: number, stop: AbortSignal, once: (i: number) => void): Promise<void> {
  const since = performance.now();
  for (let i = 0; !stop.aborted; i++) {
    const due = since + (1000 * i) / perSecond;
    await sleep(Math.max(0, due - performance.now()));
    once(i);
  }
}

/** Until it holds, or a few seconds have passed: then what is under way is in the figures. */
async function waitUntil(holds: () => boolean): Promise<void> {
  for (let i = 0; i < MOST_WAITS && !holds(); i++) await sleep(SETTLE_MILLISECONDS);
}

function print(...cells: readonly (string | number)[]): void {
  const texts = cells.map((cell) => (typeof cell === "number" ? cell.toFixed(1) : cell).padStart(11));
  process.stdout.write(`${texts.join("")}\n`);
}

function report(name: string, samples: readonly Sample[], of: (sample: Sample) => number): void {
  const half = samples.slice(Math.floor(samples.length / 2));
  const { halfWidth, slope } = slopeOf(half.map((sample) => [sample.hours, of(sample)]));
  process.stdout.write(
    `${name.padEnd(8)}${slope.toFixed(2).padStart(10)} ± ${halfWidth.toFixed(2)} MB/h, by the last ${half.length} samples\n`,
  );
}

async function main(): Promise<void> {
  if (!collect) throw new Error("run it with node --expose-gc");
  await withPostgres(async (open) => {
    const database = await open();
    await migrate(database);
    const nowSeconds = () => WALL_CLOCK.seconds;
    const wrong: unknown[] = [];
    const onError = (error: unknown) => void wrong.push(error);
    const access = await openAccess({ ...{ database, nowSeconds, onError }, open: true, host: "127.0.0.1" });
    const work = quickWork(onError);
    const service = await openService(database, work.executor, WALL_CLOCK, createPolicy("bace-plus"), {
      ...{ access, scenario: sixRegions(64) },
    });
    const { loop, writer } = service;
    work.serve(service);
    const server = await listen((request, env) => service.fetch(request, env), undefined, "127.0.0.1");
    const client = createClient(server.url);
    const archive = archiveOf(database);
    const logger = pino({ level: "silent" });
    const retention = createRetention({ archive, keepSeconds: KEEP_SECONDS, logger, writer });
    loop.start();
    retention.start();

    const stop = new AbortController();
    const { signal } = stop;
    let accepted = 0;
    let asked = 0;
    let paused = false;
    const submit = (i: number) => {
      if (paused) return;
      asked++;
      const text = jobText(`job-${i}`, { gpus: 2 + 2 * (i % 2), iterations: 5 });
      client
        .submit({ file: "job.yaml", text, directory: "/data" })
        .then(() => accepted++, onError)
        .finally(() => asked--);
    };
    const listener = (async () => {
      const response = await fetch(`${server.url}/v1/events`, { signal });
      for await (const _ of response.body!); // read, and thrown away
    })().catch(() => {});
    const submitting = steadily(jobsPerSecond, signal, submit);
    const scraping = steadily(1 / SCRAPE_SECONDS, signal, () => {
      fetch(`${server.url}/metrics`).then((response) => response.text(), onError);
    });

    const since = nowSeconds();
    const samples: Sample[] = [];
    print("minute", "accepted", "jobs there", "events", "heap MB", "RSS MB");
    for (let i = 1; i <= minutes * (60 / SAMPLE_SECONDS); i++) {
      await sleep(Math.max(0, 1000 * (since + i * SAMPLE_SECONDS - nowSeconds())));
      // Nothing under way, and nobody there who is due to be forgotten: how much is done at once is not what is measured.
      paused = true;
      const isIdle = ({ active, queued }: State) => active.size + queued.size + asked + work.underway() === 0;
      await waitUntil(() => isIdle(writer.state()));
      await retention.sweep();
      const sample = await sampled(since);
      paused = false;
      samples.push(sample);
      const { jobs, seq } = writer.state();
      const [minute, there] = [(60 * sample.hours).toFixed(0), String(jobs.size)];
      print(minute, String(accepted), there, String(seq), sample.heapMb, sample.rssMb);
      const isQuarter = i === Math.ceil(minutes / 4);
      if (values.snapshot !== undefined && (isQuarter || i === minutes))
        writeHeapSnapshot(join(values.snapshot, `minute-${i}.heapsnapshot`));
    }
    report("heap", samples, ({ heapMb }) => heapMb);
    report("RSS", samples, ({ rssMb }) => rssMb);

    stop.abort();
    await Promise.all([submitting, scraping, listener]);
    await loop.stop();
    await retention.stop();
    await writer.close();
    await access.close();
    await server.close();
    await database.close();
    if (wrong.length > 0) {
      process.stderr.write(`${wrong.length} requests went wrong, the first:\n${inspect(wrong[0])}\n`);
      process.exitCode = 1;
    }
  });
}

await main();
