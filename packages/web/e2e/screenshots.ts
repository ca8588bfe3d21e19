// `npx tsx packages/web/e2e/screenshots.ts FOLDER`: each page of the dashboard in both themes and at both widths, over a live
// service that trains the six jobs of scenarios/demo-three-regions.yaml, only longer. FOLDER/dashboard.png is the README's.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Browser } from "playwright-core";
import { submissionsOf } from "../../cli/src/demo/workload.ts";
import { launchChromium } from "./support/chromium.ts";
import { cancelAll, untilJob } from "./support/jobs.ts";
import { enter, newPage, visit } from "./support/page.ts";
import { allPaths } from "./support/pages.ts";
import { ask, endService, FLEET, startService, type Where } from "./support/service.ts";

/** Nobody ends while pictures are drawn. */
const LONGER = 100;
/** For what a page asks the service for, and for lines to have a few points. */
const SETTLE_MILLISECONDS = 2500;
const STEPS = 12;
/** As in the demo: half of the jobs span regions then. */
const FLAGS = ["--policy", "bace"];
const COLOURS = ["light", "dark"] as const;
const PICTURE = { width: 1280, height: 740 } as const;
const SIZES = [
  { width: 1280, height: 900 },
  { width: 390, height: 844 },
] as const;

async function submitDemo(where: Where): Promise<readonly string[]> {
  const jobs = submissionsOf({ file: FLEET, text: readFileSync(FLEET, "utf8"), directory: dirname(FLEET) });
  for (const { directory, file, text } of jobs) {
    const job = JSON.parse(text) as { iterations: number; submitSeconds?: number };
    const { submitSeconds: _, ...longer } = { ...job, iterations: LONGER * job.iterations };
    const body = JSON.stringify({ file, text: JSON.stringify(longer), directory });
    await ask(where, "v1/jobs", { method: "POST", body });
  }
  return jobs.map(({ id }) => id);
}

async function draw(browser: Browser, { adminToken, url }: Where, folder: string, jobs: readonly string[]) {
  for (const colours of COLOURS)
    for (const size of SIZES) {
      const page = await newPage(browser, { ...size, colours });
      await enter(page, url, adminToken);
      const details = [...jobs.map((id) => `jobs/${id}`).slice(0, 1), "regions/frankfurt"];
      for (const path of await allPaths(page, details)) {
        await visit(page, path);
        await sleep(SETTLE_MILLISECONDS);
        const name = `${path.replaceAll("/", "-") || "overview"}-${size.width}-${colours}.png`;
        await page.screenshot({ path: join(folder, name), fullPage: true });
        process.stdout.write(`${name}\n`);
      }
      await page.context().close();
    }
  const page = await newPage(browser, PICTURE);
  await enter(page, url, adminToken);
  await visit(page, "");
  await sleep(SETTLE_MILLISECONDS);
  await page.screenshot({ path: join(folder, "dashboard.png") });
}

async function main(): Promise<void> {
  const [asked] = process.argv.slice(2);
  if (asked === undefined) throw new Error("say where pictures are to go: screenshots.ts FOLDER");
  const folder = resolve(asked);
  mkdirSync(folder, { recursive: true });
  const where = await startService(mkdtempSync(join(tmpdir(), "bace-screenshots-")), ...FLAGS);
  const browser = await launchChromium();
  try {
    const jobs = await submitDemo(where);
    await untilJob(where, jobs[0]!, ({ step }) => step >= STEPS);
    await draw(browser, where, folder, jobs);
  } finally {
    await browser.close();
    await cancelAll(where);
    await endService(where.folder, "SIGTERM");
    rmSync(where.folder, { recursive: true });
  }
}

await main();
