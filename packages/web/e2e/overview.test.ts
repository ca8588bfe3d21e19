// The overview of a live service: the figures are the API's, and they move by themselves.
import type { JobView, RegionList } from "@bace-pipe/server/api-types";
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { test } from "./support/dashboard.ts";
import { submit, untilJob } from "./support/jobs.ts";
import { ask, bace, type Where } from "./support/service.ts";

const jobsOf = async (where: Where) => (await ask<{ jobs: readonly JobView[] }>(where, "v1/jobs")).jobs;

/** Of a card of the row of figures. */
const figureOf = (page: Page, name: string) =>
  page.locator(".figures li", { hasText: name }).locator("strong").innerText();

test("the figures on top are those of the API", async ({ dashboard, where }) => {
  const page = await dashboard.open();
  const shown = async () => ({
    used: await figureOf(page, "GPUs in use"),
    running: await figureOf(page, "Jobs running"),
    waiting: await figureOf(page, "Waiting"),
  });
  const told = async () => {
    const { regions } = await ask<RegionList>(where, "v1/regions");
    const count = (key: "gpus" | "freeGpus") => regions.reduce((sum, region) => sum + region[key], 0);
    const jobs = await jobsOf(where);
    const inPhase = (...phases: readonly JobView["phase"][]) =>
      String(jobs.filter(({ phase }) => phases.includes(phase)).length);
    return {
      used: `${count("gpus") - count("freeGpus")} of ${count("gpus")}`,
      running: inPhase("starting", "running", "stopping"),
      waiting: inPhase("queued"),
    };
  };
  await expect.poll(async () => ({ shown: await shown(), told: await told() })).toSatisfy(isAlike);
  expect((await told()).used).toBe("6 of 7");
});

const isAlike = ({ shown, told }: { shown: object; told: object }) =>
  JSON.stringify(shown) === JSON.stringify(told);

test("each region is on the map and in its table, with its GPUs, and each running path in the list", async ({
  dashboard,
  where,
}) => {
  const page = await dashboard.open();
  const { regions } = await ask<RegionList>(where, "v1/regions");
  await page.getByText("The map as a table").click();
  for (const { freeGpus, gpus, name } of regions) {
    const row = page.getByRole("row", { name });
    await expect.poll(() => row.getByRole("cell").first().innerText()).toBe(`${gpus - freeGpus} of ${gpus}`);
    await page.getByRole("link", { name: `${name}: ${gpus - freeGpus} of ${gpus} GPUs in use` }).waitFor();
  }
  for (const { id, phase, placement } of await jobsOf(where)) {
    if (phase !== "running") continue;
    const path = placement!.regions.map(({ region }) => region).join(" → ");
    const card = page.locator(".pipelines > ul > li").filter({ has: page.getByRole("link", { name: id }) });
    expect(await card.getByRole("heading").innerText()).toBe(path);
  }
});

test("steps grow without a reload", async ({ dashboard }) => {
  const page = await dashboard.open();
  await markOf(page);
  const step = async () => {
    const item = page.locator(".pipelines li li", { hasText: "across" });
    return Number(/(\d+) of/.exec((await item.innerText()).replaceAll(",", ""))![1]);
  };
  const first = await step();
  await expect.poll(step, { timeout: 30_000 }).toBeGreaterThan(first);
  expect(await isMarked(page)).toBe(true);
});

test("what the command line submits and cancels comes and goes without a reload", async ({
  dashboard,
  where,
}) => {
  const page = await dashboard.open();
  await markOf(page);
  const waiting = async () => Number(await figureOf(page, "Waiting"));
  const before = await waiting();
  await submit(where, { name: "from-the-command-line", gpus: 4 });
  await expect.poll(waiting, { timeout: 15_000 }).toBe(before + 1);
  await bace(where, "cancel", "from-the-command-line", "--yes");
  await untilJob(where, "from-the-command-line", ({ phase }) => phase === "ended");
  await expect.poll(waiting, { timeout: 15_000 }).toBe(before);
  expect(await isMarked(page)).toBe(true);
});

/** A reload loses it. */
const markOf = (page: Page) => page.evaluate(() => Object.assign(window, { isMarked: true }));
const isMarked = (page: Page) => page.evaluate(() => "isMarked" in window);
