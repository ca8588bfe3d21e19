// What stands around every page: the keyboard's way through it, colours that are kept, and the token.
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { test } from "./support/dashboard.ts";
import { visit } from "./support/page.ts";
import { allPaths } from "./support/pages.ts";

/** Of a page; some have hundreds. */
const MOST_STOPS = 15;

const focused = (page: Page) =>
  page.evaluate(() => {
    const element = document.activeElement as HTMLElement;
    return element.getAttribute("aria-label") ?? element.innerText;
  });

test("by keyboard: skip to the page, then through the bar in its order, and a link opens its page", async ({
  dashboard,
}) => {
  const page = await dashboard.open({ path: "regions" });
  await page.reload();
  await page.locator("main h1").waitFor();
  await page.keyboard.press("Tab");
  expect(await focused(page)).toBe("Skip to the page");
  expect((await page.locator(".skip").boundingBox())!.y).toBeGreaterThanOrEqual(0);
  await page.keyboard.press("Enter");
  expect(await page.evaluate(() => document.activeElement?.id)).toBe("main");
  await page.reload();
  await page.locator("main h1").waitFor();
  const seen: string[] = [];
  for (let i = 0; i < 4; i++) {
    await page.keyboard.press("Tab");
    seen.push(await focused(page));
  }
  const bar = await page.locator('nav[aria-label="Pages"] a').allInnerTexts();
  expect(seen).toEqual(["Skip to the page", "BACE-Pipe", ...bar.slice(0, 2)]);
  await page.keyboard.press("Enter");
  await expect.poll(() => page.title()).toContain(bar[1]!);
  // Another page is read from its beginning.
  await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe("main");
});

test("on every page the keyboard gets through, and what it is at can be seen", { timeout: 120_000 }, async ({
  dashboard,
}) => {
  const page = await dashboard.open();
  for (const path of await allPaths(page)) {
    await visit(page, path);
    await page.locator("main").focus();
    const stops = await page.locator("main").evaluate((main) => {
      const wanted =
        "a[href], button:not(:disabled), input:not(:disabled), select, textarea, summary, [tabindex='0']";
      return [...main.querySelectorAll<HTMLElement>(wanted)].filter(
        (each) => each.checkVisibility() && each.tabIndex >= 0,
      ).length;
    });
    for (let i = 0; i < Math.min(stops, MOST_STOPS); i++) {
      await page.keyboard.press("Tab");
      expect([path, await page.evaluate(focusSeen)]).toEqual([path, "seen in the page"]);
    }
  }
});

/** Runs in the page: whether something in it has the focus, and looks other than without. */
function focusSeen(): string {
  const element = document.activeElement as HTMLElement;
  const text = element.outerHTML.slice(0, 200);
  if (!document.querySelector("main")!.contains(element)) return `outside of the page: ${text}`;
  // What shows it may be around it, or in it.
  const around = [element, element.parentElement!, ...element.querySelectorAll("*")];
  const look = () =>
    around.map((each) => {
      const { borderColor, boxShadow, outlineStyle, outlineWidth, stroke, strokeWidth } =
        getComputedStyle(each);
      return [borderColor, boxShadow, outlineStyle, outlineWidth, stroke, strokeWidth].join(" ");
    });
  const atFocus = look().join("\n");
  element.blur();
  const blurred = look().join("\n");
  element.focus({ focusVisible: true, preventScroll: true } as FocusOptions);
  return atFocus === blurred ? `looks the same: ${text}` : "seen in the page";
}

test("colours that were chosen are kept, over the system's", async ({ dashboard }) => {
  const page = await dashboard.open({ colours: "light" });
  const background = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const light = await background();
  await page.getByLabel("Colours").selectOption("dark");
  const dark = await background();
  expect(dark).not.toBe(light);
  await page.reload();
  expect(await page.getByLabel("Colours").inputValue()).toBe("dark");
  expect(await background()).toBe(dark);
  await page.getByLabel("Colours").selectOption("system");
  expect(await background()).toBe(light);
});

test("without a token the page asks for one, and then needs no reload", async ({ dashboard, where }) => {
  dashboard.expects(/status of 401/);
  const page = await dashboard.open({ token: null });
  const field = page.getByLabel("Token");
  await field.fill(where.dashboardToken);
  await field.press("Enter");
  await page.locator(".freshness.live").waitFor();
  expect(await page.locator("main h1").innerText()).toBe("demo-three-regions");
  expect(page.url()).not.toContain("bace_");
});

test("the token leaves the address at once", async ({ dashboard, where }) => {
  const page = await dashboard.open({ token: where.dashboardToken });
  expect(page.url()).toBe(`${where.url}/#/`);
});
