// `npx tsx bench/dashboard.ts [--minutes 10] [--events 1000] [--jobs 10000] [--page queue]`: does the overview, or another
// page, stay smooth over a large and busy service? A hundred regions, each linked to each, ten thousand jobs of which a
// thousand run, and a thousand events a second through the service's own writer into a database in memory, told to a real
// Chromium by the service's own port. Printed: the first load, frames, the page's heap, and how busy its main thread is.
// Build the dashboard first.
//
// Left out: executors and ranks; their facts are made here. Browser and service share the machine's cores, and without a
// graphics card a browser draws on them too.
import { existsSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { POLICIES } from "../packages/core/src/index.ts";
import { openAccess } from "../packages/server/src/access/open-access.ts";
import { listen } from "../packages/server/src/http-server.ts";
import { migrate } from "../packages/server/src/store/migrate.ts";
import { openPglite } from "../packages/server/src/store/pglite.ts";
import { createFakeExecutor } from "../packages/server/test/support/fake-executor.ts";
import { openService } from "../packages/server/test/support/service.ts";
import { launchChromium, whyNoChromium } from "../packages/web/e2e/support/chromium.ts";
import { visit } from "../packages/web/e2e/support/page.ts";
import { hundredRegions, REGIONS } from "./dashboard/fleet.ts";
import { drive, fill, jobMaker } from "./dashboard/load.ts";
import { busySeconds, firstLoad, look, open } from "./dashboard/looker.ts";
import { WALL_CLOCK } from "./service-bench.ts";
import { slopeOf } from "./slope.ts";

const DASHBOARD = join(import.meta.dirname, "../packages/web/dist");
/** Until then the page has just been loaded, and functions are still being compiled. */
const WARM_UP_MINUTES = 0.25;
const SAMPLE_SECONDS = 15;
const FINISHED_WAVES = 4;

const { values: asked } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    events: { type: "string", default: "1000" },
    jobs: { type: "string", default: "10000" },
    page: { type: "string", default: "" },
  },
});
const [minutes, eventsPerSecond, jobs] = [asked.minutes, asked.events, asked.jobs].map(Number) as [
  number,
  number,
  number,
];

const say = (text: string) => process.stdout.write(`${text}\n`);
const row = (name: string, value: string) => say(`| ${name} | ${value} |`);
const tenths = (value: number) => value.toFixed(1);

function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
}

async function main(): Promise<void> {
  const why =
    whyNoChromium() ??
    (existsSync(DASHBOARD) ? undefined : `no ${DASHBOARD}: npm run build -w @bace-pipe/web`);
  if (why !== undefined) throw new Error(why);
  const scenario = hundredRegions();
  const database = await openPglite();
  await migrate(database);
  const nowSeconds = () => WALL_CLOCK.seconds;
  const onError = (error: unknown) => void process.stderr.write(`${error}\n`);
  const access = await openAccess({ ...{ database, nowSeconds, onError }, open: true, host: "127.0.0.1" });
  const service = await openService(database, createFakeExecutor(), WALL_CLOCK, POLICIES["cr-lcf"]!(), {
    ...{ access, dashboardDirectory: DASHBOARD, scenario },
  });
  const { writer } = service;
  const server = await listen((request, env) => service.fetch(request, env), undefined, "127.0.0.1");
  const make = jobMaker(scenario);
  await fill(service, make, jobs, FINISHED_WAVES);
  const { active, links, queued } = { ...writer.state(), links: writer.state().fleet!.links.length };
  say(
    `${REGIONS} regions, ${links} links, ${writer.state().jobs.size} jobs: ${active.size} run, ${queued.size} wait`,
  );

  const stop = new AbortController();
  const driving = drive(service, make, eventsPerSecond, jobs, stop.signal);
  const browser = await launchChromium();
  try {
    const { page, session } = await open(browser);
    const load = await firstLoad(page, session, server.url);
    await visit(page, asked.page);
    await look(page, session, WARM_UP_MINUTES, WARM_UP_MINUTES * 60, () => {});
    const [before, sinceSeq, since] = [await busySeconds(session), writer.state().seq, nowSeconds()];
    const sinceUsage = process.cpuUsage();
    const { frames, samples } = await look(page, session, minutes, SAMPLE_SECONDS, (sample) => {
      say(`minute ${tenths(sample.minutes)}: heap ${tenths(sample.heapMb)} MB, ${sample.domNodes} elements`);
    });
    const seconds = nowSeconds() - since;
    const { system, user } = process.cpuUsage(sinceUsage);
    const after = await busySeconds(session);
    const busy = (name: string) => `${tenths((100 * (after[name]! - before[name]!)) / seconds)} %`;
    const slope = slopeOf(samples.map((sample) => [sample.minutes, sample.heapMb]));
    const { betweenMs, longTasksMs } = frames;

    say(
      `\nChromium ${browser.version()}, Node ${process.version}, ${cpus().length} × ${cpus()[0]!.model}, load ${loadavg().map(tenths).join(" ")}\n`,
    );
    say("| what | figure |\n|---|---|");
    row("events appended", `${Math.round((writer.state().seq - sinceSeq) / seconds)} per second`);
    row("first load: files, over the wire", `${tenths(load.wireBytes / 1000)} kB`);
    row("first load: files, unpacked", `${tenths(load.fileBytes / 1000)} kB`);
    row("first load: the stream until all is told", `${tenths(load.toldBytes / 1e6)} MB`);
    row("first text", `${load.firstTextSeconds.toFixed(2)} s`);
    row("fleet with all jobs", `${load.contentSeconds.toFixed(2)} s`);
    row("answers to a key after that", `${load.interactiveSeconds.toFixed(2)} s`);
    row("frames per second, median", tenths(1000 / quantile(betweenMs, 0.5)));
    row("frames per second, 5th percentile", tenths(1000 / quantile(betweenMs, 0.95)));
    row(
      "frames over the whole time",
      `${tenths(betweenMs.length / (betweenMs.reduce((a, b) => a + b, 0) / 1000))} per second`,
    );
    row(
      "tasks over 50 ms",
      `${tenths(longTasksMs.length / (seconds / 60))} per minute, the longest ${Math.round(Math.max(0, ...longTasksMs))} ms`,
    );
    row("main thread busy: in all", busy("TaskDuration"));
    row(
      "main thread busy: script, style, layout",
      [busy("ScriptDuration"), busy("RecalcStyleDuration"), busy("LayoutDuration")].join(", "),
    );
    row("service, its database and its load", `${tenths((system + user) / 1e4 / seconds)} % of a core`);
    row(
      "heap after collection",
      `${tenths(samples[0]!.heapMb)} MB first, ${tenths(samples.at(-1)!.heapMb)} MB last`,
    );
    row("heap growth", `${slope.slope.toFixed(2)} ± ${slope.halfWidth.toFixed(2)} MB per minute`);
  } finally {
    await browser.close();
    stop.abort();
    await driving;
    await writer.close();
    await access.close();
    await server.close();
    await database.close();
  }
}

await main();
