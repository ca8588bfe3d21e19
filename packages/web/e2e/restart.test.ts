// The service is killed under an open page, and started again: the page says so, goes on by itself, and lies at no time.
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { test } from "./support/dashboard.ts";
import { jobOf, submit, untilJob } from "./support/jobs.ts";
import { ask, endService, startService } from "./support/service.ts";

const stepOf = async (page: Page, id: string) => {
  const text = await page.locator(".pipelines li li", { hasText: id }).innerText();
  return Number(/(\d+) of/.exec(text.replaceAll(",", ""))![1]);
};

test("killed and started again: a banner comes and goes, and all is right without a reload", {
  timeout: 240_000,
}, async ({ dashboard, where }) => {
  dashboard.expects(
    /net::ERR_(CONNECTION_REFUSED|CONNECTION_RESET|INCOMPLETE_CHUNKED_ENCODING|EMPTY_RESPONSE)/,
  );
  dashboard.expects(/status of 50[03]/); // while it is starting
  const page = await dashboard.open();
  await page.evaluate(() => Object.assign(window, { isMarked: true }));
  const before = await stepOf(page, "across");

  await endService(where.folder, "SIGKILL");
  const banner = page.getByRole("alert");
  await banner.waitFor({ timeout: 15_000 });
  expect(await banner.innerText()).toMatch(/not reachable since/);
  expect(await page.locator(".freshness").innerText()).toMatch(/not reachable/);
  // What was known stays in sight, and is said to be old.
  expect(await stepOf(page, "across")).toBeGreaterThanOrEqual(before);

  const again = await startService(where.folder);
  expect(again.url).toBe(where.url);
  await submit(where, { name: "after-the-restart", gpus: 4 });
  await banner.waitFor({ state: "detached", timeout: 30_000 });
  await page.locator(".freshness.live").waitFor();

  // The ranks never stopped: the next service adopted them.
  const { epoch, step } = await jobOf(where, "across");
  expect(epoch).toBe(1);
  await expect.poll(() => stepOf(page, "across"), { timeout: 60_000 }).toBeGreaterThan(step);
  const waiting = page.locator(".figures li", { hasText: "Waiting" }).locator("strong");
  await expect.poll(() => waiting.innerText(), { timeout: 15_000 }).toBe("2");
  expect(await page.evaluate(() => "isMarked" in window)).toBe(true);

  await ask(where, "v1/jobs/after-the-restart/cancel", { method: "POST", body: "{}" });
  await untilJob(where, "after-the-restart", ({ phase }) => phase === "ended");
});
