// Every page in both themes and at both widths: what axe finds wrong, and what a narrow screen would have to be pushed for.
import axe from "axe-core";
import type { Page } from "playwright-core";
import { describe, expect } from "vitest";
import { test } from "./support/dashboard.ts";
import { visit } from "./support/page.ts";
import { allPaths } from "./support/pages.ts";

const WIDTHS = [1280, 390];
const COLOURS = ["light", "dark"] as const;
/** For what a page asks the service for. */
const SETTLE_MILLISECONDS = 400;

describe.each(WIDTHS)("%i pixels wide", (width) => {
  test.for(COLOURS)("%s", { timeout: 150_000 }, async (colours, { dashboard }) => {
    const page = await dashboard.open({ colours, width });
    await page.evaluate(axe.source);
    const wrong: string[] = [];
    for (const path of await allPaths(page)) {
      await visit(page, path);
      await page.waitForTimeout(SETTLE_MILLISECONDS);
      const headings = await page.locator("h1").count();
      if (headings !== 1) wrong.push(`#/${path}: ${headings} headings of the first level`);
      const hidden = await hiddenWidth(page);
      if (hidden > 0) wrong.push(`#/${path}: ${hidden} px beyond the screen`);
      wrong.push(...(await findings(page)).map((finding) => `#/${path}: ${finding}`));
    }
    expect(wrong).toEqual([]);
  });
});

/** Of the page itself; what scrolls in a box of its own is none of it. */
const hiddenWidth = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

async function findings(page: Page): Promise<readonly string[]> {
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { axe: typeof import("axe-core") }).axe.run({ resultTypes: ["violations"] }),
  );
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(
      ({ help, id, impact, nodes }) =>
        `${impact} ${id}: ${help}: ${nodes.map(({ html }) => html).join(" | ")}`,
    );
}
