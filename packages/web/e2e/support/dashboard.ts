// `test` of a test of the dashboard: gives pages of a real browser, and fails where one of them wrote an error to its console,
// threw one, or asked anybody but the service for anything.
import type { BrowserContext, Page } from "playwright-core";
import { test as base, expect, inject } from "vitest";
import { launchChromium } from "./chromium.ts";
import { collect, enter, newPage, type View, visit } from "./page.ts";
import type { Where } from "./service.ts";

export interface OpenOptions extends View {
  /** Behind "#/", such as "jobs/nightly". */
  readonly path?: string;
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
      async open({ path = "", token = where.adminToken, ...view } = {}) {
        const page = await newPage(chromium, view);
        contexts.push(page.context());
        collect(page, new URL(where.url).origin, complaints);
        if (token === null) await page.goto(where.url);
        else {
          await enter(page, where.url, token);
          await visit(page, path);
        }
        return page;
      },
      expects: (complaint) => void expected.push(complaint),
    });
    await Promise.all(contexts.map((context) => context.close()));
    const unexpected = complaints.filter((text) => !expected.some((pattern) => pattern.test(text)));
    expect(unexpected).toEqual([]);
  },
});
