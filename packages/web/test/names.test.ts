import { expect, test } from "vitest";
import type { RegionView } from "../src/api.ts";
import { namesOf } from "../src/pages/overview/names.ts";
import type { Spot } from "../src/pages/overview/positions.ts";

const SIZE = { width: 400, height: 300 };

function spot(name: string, x: number, y: number, gpus = 4): Spot {
  const region: RegionView = {
    ...{ name, gpus, freeGpus: gpus, gpuType: "slot", emulated: true, priceUsdPerKwh: 0.1, pue: 1 },
    ...{ latitude: null, longitude: null, links: [] },
  };
  return { region, x, y, radius: 10 };
}

test("a name stands on the right, on the left where another circle is there, and is cut where it is very long", () => {
  const long = "n".repeat(63);
  const names = namesOf(
    [spot("alone", 50, 40), spot("left", 200, 150), spot("in-the-way", 240, 150), spot(long, 20, 250)],
    SIZE,
  );
  expect(names.get("alone")).toEqual({ text: "alone", x: 68, anchor: "start" });
  expect(names.get("left")).toMatchObject({ anchor: "end", x: 182 });
  expect(names.get(long)!.text).toBe(`${"n".repeat(23)}…`);
});

test("each region of a small fleet has its name; of a crowd only those with room", () => {
  const row = (count: number) =>
    Array.from({ length: count }, (_, i) => spot(`region-${i}`, 15 + 25 * i, 100));
  expect(namesOf(row(5), SIZE).size).toBe(5);
  const crowd = namesOf([...row(15), spot("aside", 50, 250, 100)], SIZE);
  expect([...crowd.keys()]).toEqual(["aside"]);
});
