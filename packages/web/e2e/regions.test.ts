// The regions of a live service: what is there, what it costs, and closing one of them.
import type { RegionList } from "@bace-pipe/server/api-types";
import { expect } from "vitest";
import { test } from "./support/dashboard.ts";
import { ask, bace } from "./support/service.ts";

test("each region has a row, and each link a cell with its rate and where it is known from", async ({
  dashboard,
  where,
}) => {
  const page = await dashboard.open({ path: "regions" });
  const { regions } = await ask<RegionList>(where, "v1/regions");
  const links = page.getByRole("table", { name: "Links" });
  for (const { gpus, links: from, name } of regions) {
    await page.getByRole("region", { name: "Regions" }).getByRole("row", { name }).waitFor();
    const cells = await links.getByRole("row").filter({ hasText: name }).last().innerText();
    expect(gpus).toBeGreaterThan(0);
    for (const { latencySeconds } of from)
      expect(cells).toContain(`${Number((1000 * latencySeconds).toPrecision(3))} ms`);
    expect(cells).toContain("file");
  }
});

test("a price that somebody says is there without a reload, in words and in the curve's", async ({
  dashboard,
  where,
}) => {
  const page = await dashboard.open({ path: "regions/frankfurt" });
  await page.getByRole("img", { name: /^Price in .* over two days/ }).waitFor();
  await page.getByRole("img", { name: /^Capacity in one step over two days: lowest 2 GPUs/ }).waitFor();
  // So little more that no job moves for it.
  await bace(where, "inputs", "set", "--price", "frankfurt=85.4 USD/MWh", "--source", "market");
  await page.getByText("0.0854 USD/kWh").first().waitFor();
  await page.getByText(/market, \S+ m?s old/).waitFor();
});

test("a region is closed after it was said what that does, and opened again", async ({
  dashboard,
  where,
}) => {
  const cordonOf = async () => {
    const { regions } = await ask<RegionList>(where, "v1/regions");
    return regions.find(({ name }) => name === "virginia")!.cordon;
  };
  const page = await dashboard.open({ path: "regions/virginia" });
  const button = (name: string) => page.getByRole("button", { name, exact: true });
  await button("Cordon").click();
  const dialog = page.getByRole("dialog");
  expect(await dialog.innerText()).toContain("virginia");
  expect(await cordonOf()).toBeUndefined();
  await dialog.getByRole("button", { name: /^Cordon/ }).click();
  await page.locator("h1 .tag", { hasText: "cordoned" }).waitFor();
  expect(await cordonOf()).toBe("cordoned");
  await button("Uncordon").click();
  await dialog.getByRole("button", { name: /^Uncordon/ }).click();
  await expect.poll(cordonOf).toBeUndefined();
});
