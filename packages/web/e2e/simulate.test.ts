// Simulations and schedules in the browser: the command line's own bytes and figures, and links that show the same again.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { test } from "./support/dashboard.ts";
import { visit } from "./support/page.ts";
import { bace, ROOT } from "./support/service.ts";

const SCENARIO = "disruptions.yaml"; // it has faults, which come by the seed
const POLICIES = ["bace", "lcf"];
const SEED = 7;

async function choose(page: Page): Promise<void> {
  await page.getByLabel("Example").selectOption(SCENARIO);
  for (const box of await page.getByRole("group", { name: "Policies" }).getByRole("checkbox").all())
    if (await box.isChecked()) await box.uncheck();
  for (const name of POLICIES) await page.getByRole("checkbox", { name: new RegExp(`^${name} `) }).check();
  await page.getByLabel("Seed").fill(String(SEED));
}

async function resultOf(page: Page): Promise<string> {
  await page.getByRole("button", { name: "Run", exact: true }).click();
  const offered = page.getByRole("button", { name: "Download JSON" });
  await offered.waitFor({ timeout: 60_000 });
  const [download] = await Promise.all([page.waitForEvent("download"), offered.click()]);
  return readFileSync(await download.path(), "utf8");
}

test("a simulation in the browser is the command line's, to the byte, and its link shows it again", {
  timeout: 180_000,
}, async ({ dashboard, where }) => {
  const page = await dashboard.open({ path: "simulate" });
  await choose(page);
  const inBrowser = await resultOf(page);
  const file = join(ROOT, "scenarios", SCENARIO);
  const args = ["--policy", POLICIES.join(","), "--seed", String(SEED), "-o", "json"];
  expect(inBrowser).toBe(await bace(where, "simulate", file, ...args));

  await page.getByRole("button", { name: "Copy link" }).click();
  await expect.poll(() => page.url()).toContain("scenario=");
  const somebodyElse = await dashboard.open();
  await visit(somebodyElse, new URL(page.url()).hash.slice(2));
  await somebodyElse.getByText(SCENARIO).first().waitFor();
  expect(await resultOf(somebodyElse)).toBe(inBrowser);
});

test("what is wrong in a scenario is said with its line, and the page goes on", async ({ dashboard }) => {
  const page = await dashboard.open({ path: "simulate" });
  await page.getByLabel("Scenario (YAML)").fill("version: 1\nname: broken\nregions: [{name: a}]\n");
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await page.getByRole("heading", { name: /errors? in/ }).waitFor();
  expect(await page.getByRole("alert").innerText()).toMatch(/3/);
  await choose(page);
  expect(JSON.parse(await resultOf(page))).toMatchObject({ seed: SEED });
});

test("schedules are the command line's, follow the figures, and a link shows the same", async ({
  dashboard,
  where,
}) => {
  const page = await dashboard.open({ path: "schedules" });
  const best = page.getByText(/^Best: /);
  await best.waitFor();
  const command = (await page.locator(".command code").innerText()).split(" ").slice(1);
  const told = JSON.parse(await bace(where, ...command, "-o", "json")) as { generator: string };
  expect(await best.innerText()).toContain(`Best: ${told.generator},`);
  const before = await best.innerText();

  await page.getByRole("spinbutton", { name: "Latency of the cut" }).fill("80");
  await expect.poll(async () => (await best.isVisible()) && (await best.innerText())).not.toBe(before);
  const after = await best.innerText();
  expect(page.url()).toContain("latencyMs=80");
  const somebodyElse = await dashboard.open();
  await visit(somebodyElse, new URL(page.url()).hash.slice(2));
  await somebodyElse.getByText(/^Best: /).waitFor();
  expect(await somebodyElse.getByText(/^Best: /).innerText()).toBe(after);
});
