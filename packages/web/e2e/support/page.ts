// A page of the dashboard in a browser: how one comes to it, and what must not happen in it.
import type { Browser, Page } from "playwright-core";

export interface View {
  readonly width?: number;
  readonly height?: number;
  /** Of the system; what somebody chooses on the page goes before. */
  readonly colours?: "light" | "dark";
}

/** In a browser profile of its own. */
export async function newPage(browser: Browser, view: View = {}): Promise<Page> {
  const { colours = "light", height = 900, width = 1280 } = view;
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: colours });
  return context.newPage();
}

/** By the address that `bace up` prints; returns when the page is live. */
export async function enter(page: Page, url: string, token: string): Promise<void> {
  await page.goto(`${url}/#token=${token}`);
  await page.locator(".freshness.live").waitFor();
}

/** Goes to another page of the dashboard, as a link does. */
export async function visit(page: Page, path: string): Promise<void> {
  await page.evaluate((hash) => {
    const pathOf = (text: string) => text.replace(/^#?\/?/, "").split("?")[0];
    // The headings of the page that is left are still there for a moment.
    if (pathOf(window.location.hash) !== pathOf(hash))
      for (const heading of document.querySelectorAll("main :is(h1,h2)"))
        heading.setAttribute("data-left", "");
    window.location.hash = hash;
  }, `#/${path}`);
  await page.locator("main :is(h1,h2):not([data-left])").first().waitFor();
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
