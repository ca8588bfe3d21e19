// Every page of the dashboard: those of its bar, and those that one gets to from there.
import type { Page } from "playwright-core";

/** Of the service of the tests, one of each kind. */
const FROM_THERE = ["jobs/across", "jobs/waiting", "jobs/done", "regions/frankfurt"];

/** Addresses without "#/". @param fromThere of jobs and regions that there are */
export async function allPaths(page: Page, fromThere = FROM_THERE): Promise<readonly string[]> {
  const links = page.locator('nav[aria-label="Pages"] a');
  const inBar = await links.evaluateAll((all) => all.map((link) => link.getAttribute("href") ?? ""));
  return [...inBar.map((href) => href.replace("#/", "")), ...fromThere];
}
