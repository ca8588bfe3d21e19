// Queue, a job's page and submission: what the API says is there, and what is done there reaches the service.
import type { JobView } from "@bace-pipe/server/api-types";
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { test } from "./support/dashboard.ts";
import { jobOf, jobText, submit, untilJob } from "./support/jobs.ts";
import { visit } from "./support/page.ts";
import { ask, type Where } from "./support/service.ts";

const TITLES = { placed: /^Placed/, waiting: /^Waiting/, history: /^History/ } as const;

const rowOf = (page: Page, part: keyof typeof TITLES, id: string) =>
  page
    .getByRole("region", { name: TITLES[part] })
    .getByRole("row")
    .filter({ has: page.getByRole("link", { name: id, exact: true }) });

const statusOf = (where: Where, id: string) =>
  jobOf(where, id).then(
    ({ phase }) => phase,
    () => "unknown",
  );

test("the queue has each job once, where the API says that it is", async ({ dashboard, where }) => {
  const page = await dashboard.open({ path: "queue" });
  const { jobs } = await ask<{ jobs: readonly JobView[] }>(where, "v1/jobs");
  for (const { id, phase, tenant } of jobs) {
    const part = phase === "ended" ? "history" : phase === "queued" ? "waiting" : "placed";
    const row = rowOf(page, part, id);
    await row.waitFor();
    expect(await row.innerText()).toContain(tenant);
    expect(await page.getByRole("main").getByRole("link", { name: id, exact: true }).count()).toBe(1);
  }
  const { iterations } = await jobOf(where, "across");
  expect(await rowOf(page, "placed", "across").innerText()).toMatch(new RegExp(`\\d+ of ${iterations}`));
  // Why it waits is the policy's answer.
  await expect.poll(() => rowOf(page, "waiting", "waiting").innerText(), { timeout: 20_000 }).toMatch(/GPU/);
});

test("how long a job has waited grows while nothing happens to it", async ({ dashboard }) => {
  const page = await dashboard.open({ path: "queue" });
  const waited = () => rowOf(page, "waiting", "waiting").locator('td[data-heading="Waited"]').innerText();
  const first = await waited();
  // The service tells nothing of such a job, and asked anew it would be the same page with another figure.
  await expect.poll(waited, { timeout: 15_000 }).not.toBe(first);
});

test("the filter of the queue is in the address, and a reload keeps it", async ({ dashboard }) => {
  const page = await dashboard.open({ path: "queue" });
  await page.getByLabel("Tenant").selectOption("compilers");
  await rowOf(page, "placed", "across").waitFor({ state: "detached" });
  await page.reload();
  await rowOf(page, "placed", "pair").waitFor();
  expect(await rowOf(page, "placed", "across").count()).toBe(0);
});

test("a job's page counts its steps as they are done, and has what its ranks say", async ({
  dashboard,
  where,
}) => {
  const page = await dashboard.open({ path: "jobs/across" });
  const step = async () => Number(/step (\d+) of/.exec(await page.locator(".progress").innerText())![1]);
  const first = await step();
  await expect.poll(step, { timeout: 30_000 }).toBeGreaterThan(first);
  const told = (await jobOf(where, "across")).step;
  await expect.poll(step, { timeout: 30_000 }).toBeGreaterThanOrEqual(told);
  const { placement } = await jobOf(where, "across");
  for (const { region } of placement!.regions)
    await page.getByRole("region", { name: "Placement" }).getByText(region).first().waitFor();
});

test("a job is planned, and submitted only then and only as planned", async ({ dashboard, where }) => {
  dashboard.expects(/status of 422/); // what is wrong with the first text
  const page = await dashboard.open({ path: "submit" });
  const text = page.getByLabel("Job file");
  const button = (name: string) => page.getByRole("button", { name, exact: true });
  await text.fill("name: wrong\nmicrobatches: -8\n");
  await button("Plan").click();
  await page.getByText("line 2", { exact: false }).first().waitFor();
  expect(await button("Submit").count()).toBe(0);

  const job = jobText({ name: "by-hand", gpus: 4 });
  await text.fill(job);
  await button("Plan").click();
  await page.getByRole("heading", { name: /by-hand waits/ }).waitFor();
  expect(await statusOf(where, "by-hand")).toBe("unknown");
  await text.fill(job.replace("by-hand", "by-another-hand"));
  expect(await button("Submit").isDisabled()).toBe(true);
  await text.fill(job);
  await button("Submit").click();
  await page.waitForURL(/#\/jobs\/by-hand$/);
  expect(await statusOf(where, "by-hand")).toBe("queued");
  expect(await statusOf(where, "by-another-hand")).toBe("unknown");
  await ask(where, "v1/jobs/by-hand/cancel", { method: "POST", body: "{}" });
});

test("by keyboard: a job is cancelled after it was said what that does, and not by going back", async ({
  dashboard,
  where,
}) => {
  await submit(where, { name: "to-be-cancelled", gpus: 4 });
  const page = await dashboard.open({ path: "jobs/to-be-cancelled" });
  const cancel = page.getByRole("button", { name: "Cancel", exact: true }).first();
  const dialog = page.getByRole("dialog");
  await expect.poll(() => cancel.isEnabled()).toBe(true);
  await cancel.focus();
  await page.keyboard.press("Enter");
  await dialog.waitFor();
  expect(await dialog.innerText()).toContain("does not come back");
  const focused = () => page.evaluate(() => (document.activeElement as HTMLElement).innerText);
  expect(await focused()).toBe("Go back");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  expect(await focused()).toBe("Cancel");
  expect(await statusOf(where, "to-be-cancelled")).toBe("queued");

  await page.keyboard.press("Enter");
  await dialog.waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await untilJob(where, "to-be-cancelled", ({ phase }) => phase === "ended");
  await page.getByText("cancelled").first().waitFor();
});

test("who may only look is offered nothing else", async ({ dashboard, where }) => {
  const page = await dashboard.open({ path: "jobs/across", token: where.dashboardToken });
  const actions = page.getByRole("button", { name: /^(Cancel|Hold|Release|Submit|Drain|Cordon)$/ });
  await page
    .getByText(/is for read alone/)
    .first()
    .waitFor();
  for (const path of ["jobs/across", "jobs/waiting", "regions/frankfurt", "queue"]) {
    await visit(page, path);
    for (const action of await actions.all()) expect([path, await action.isEnabled()]).toEqual([path, false]);
  }
  await visit(page, "submit");
  await page.getByLabel("Job file").fill(jobText({ name: "not-mine", gpus: 4 }));
  await page.getByRole("button", { name: "Plan", exact: true }).click();
  await page.getByRole("heading", { name: /not-mine waits/ }).waitFor();
  expect(await page.getByRole("button", { name: "Submit", exact: true }).isEnabled()).toBe(false);
});
