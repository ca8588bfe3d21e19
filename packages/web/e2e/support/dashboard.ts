// `test` of a test of the dashboard: gives pages of a real browser, and fails where one of them wrote an error to its console,
// threw one, or asked anybody but the service for anything.
import type { BrowserContext, Page } from "playwright-core";
import { test as base, expect, inject } from "vitest";
import { launchChromium } from "./chromium.ts";
import type { Where } from "./service.ts";

export interface OpenOptions {
  /** Behind "#/", such as "jobs/nightly". */
  readonly path?: string;
  readonly width?: number;
  readonly height?: number;
  readonly colours?: "light" | "dark";
  /** Of the address that is opened; null for none. Default: the administrator's, who may do everything. */
  readonly token?: string | null;
}

export interface Dashboard {
  /** In a browser profile of its own; returns when the page has its heading, or at once where there is no token. */
  open(options?: OpenOptions): Promise<Page>;
  /** Complaints that a test brings about itself. */
  expects(complaint: RegExp): void;
}

interface Fixtures {
  readonly where: Where;
  readonly chromium: Awaited<ReturnType<typeof launchChromium>>;
  readonly dashboard: Dashboard;
}

export const test = base.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: what a fixture needs is read from this pattern.
  where: async ({}, use) => use(inject("where")),
  chromium: [
    // biome-ignore lint/correctness/noEmptyPattern: as above.
    async ({}, use) => {
      const browser = await launchChromium();
      await use(browser);
      await browser.close();
    },
    { scope: "file" },
  ],
  dashboard: async ({ chromium, where }, use) => {
    const contexts: BrowserContext[] = [];
    const complaints: string[] = [];
    const expected: RegExp[] = [];
    await use({
      async open({
        colours = "light",
        height = 900,
        path = "",
        token = where.adminToken,
        width = 1280,
      } = {}) {
        const context = await chromium.newContext({ viewport: { width, height }, colorScheme: colours });
        contexts.push(context);
        const page = await context.newPage();
        collect(page, new URL(where.url).origin, complaints);
        await page.goto(token === null ? where.url : `${where.url}/#token=${token}`);
        if (token === null) return page;
        await page.locator(".freshness.live").waitFor();
        await visit(page, path);
        return page;
      },
      expects: (complaint) => void expected.push(complaint),
    });
    await Promise.all(contexts.map((context) => context.close()));
    const unexpected = complaints.filter((text) => !expected.some((pattern) => pattern.test(text)));
    expect(unexpected).toEqual([]);
  },
});

/** Goes to another page of the dashboard, as a link does. */
export async function visit(page: Page, path: string): Promise<void> {
  await page.evaluate((hash) => {
    window.location.hash = hash;
  }, `#/${path}`);
  await page.locator("main :is(h1,h2)").first().waitFor();
}

/** Writes down what must not happen. */
export function collect(page: Page, origin: string, complaints: string[]): void {
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.origin !== origin && url.protocol !== "data:" && url.protocol !== "blob:")
      complaints.push(`asks elsewhere: ${request.url()}`);
  });
}
