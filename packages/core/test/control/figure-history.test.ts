// What a region's price was, as it was believed, and what is believed of the time to come.
import { expect, test } from "vitest";
import { figureHistory, type SaidFigure } from "../../src/control/figure-history.ts";
import { changesAfter, NO_CHANGES, regionChange } from "../../src/control/inputs.ts";
import { parseScenario } from "../../src/spec/index.ts";

const HOUR = 3600;
const parsed = parseScenario(
  `
version: 1
name: one
gpuTypes: {slot: {peakFlopsPerSecond: 2e9, memoryBytes: 1 GB, busyWatts: 300 W, idleWatts: 30 W}}
regions: [{name: east, gpuType: slot, gpus: 2, priceUsdPerKwh: 0.1}]
`,
  "one.yaml",
);
if (!parsed.ok) throw new Error(JSON.stringify(parsed.diagnostics));
const east = parsed.value.fleet.regions[0]!;
const SPAN = { fromSeconds: 24 * HOUR, nowSeconds: 48 * HOUR, untilSeconds: 72 * HOUR };

const price = (atHour: number, priceUsdPerKwh: number, region = "east"): SaidFigure => ({
  ...{ kind: "price-changed", region, priceUsdPerKwh, source: "market" },
  ...{ atSeconds: atHour * HOUR, observedAtSeconds: atHour * HOUR },
});
const shown = (kind: "price" | "carbon" | "gpus", said: readonly SaidFigure[], believed = said) => {
  const now = regionChange(believed.reduce(changesAfter, NO_CHANGES), "east");
  return figureHistory(kind, east, said, SPAN, now).map(({ fromSeconds, source, value }) => [
    fromSeconds / HOUR,
    value,
    source,
  ]);
};

test("nothing was said: the file's price, all the time", () => {
  expect(shown("price", [])).toEqual([[24, 0.1, "default"]]);
});

test("a figure counts from when it was said until another one, or its time is over", () => {
  const said = [price(22, 0.2), price(30, 0.3), price(31, 0.4), price(30.5, 9, "elsewhere")];
  expect(shown("price", said)).toEqual([
    [24, 0.2, "market"],
    [25, 0.1, "default"],
    [30, 0.3, "market"],
    [31, 0.4, "market"],
    [34, 0.1, "default"],
  ]);
});

test("a curve shows the time to come, and not what was believed before it was said", () => {
  const curve: SaidFigure = {
    ...{ kind: "price-curve", region: "east", source: "auction" },
    ...{ fromSeconds: [36 * HOUR, 50 * HOUR], values: [0.5, 0.6], untilSeconds: 60 * HOUR },
    ...{ atSeconds: 40 * HOUR, observedAtSeconds: 40 * HOUR },
  };
  expect(shown("price", [curve])).toEqual([
    [24, 0.1, "default"],
    [40, 0.5, "auction"],
    [50, 0.6, "auction"],
    [60, 0.1, "default"],
  ]);
});

test("carbon that the file does not know is not shown as none before somebody says it, nor when that has expired", () => {
  const said: SaidFigure = {
    ...{ kind: "carbon-changed", region: "east", carbonGramsPerKwh: 400, source: "grid" },
    ...{ atSeconds: 40 * HOUR, observedAtSeconds: 40 * HOUR },
  };
  expect(shown("carbon", [])).toEqual([[24, null, "default"]]);
  expect(shown("carbon", [said])).toEqual([
    [24, null, "default"],
    [40, 400, "grid"],
    [44, null, "default"],
  ]);
});

test("GPUs are as many as are said, or as were counted where that is fewer, until somebody says otherwise", () => {
  const gpus = (atHour: number, fact: Partial<SaidFigure>): SaidFigure =>
    ({ region: "east", atSeconds: atHour * HOUR, ...fact }) as SaidFigure;
  const counted = (atHour: number, count: number) =>
    gpus(atHour, {
      ...{ kind: "capacity-counted", gpus: count, source: "slurm", observedAtSeconds: atHour * HOUR },
    });
  const said = [
    gpus(1, { kind: "capacity-changed", gpus: 8 }), // days before
    counted(30, 6),
    counted(40, 8),
    gpus(44, { kind: "capacity-changed", gpus: 4 }),
  ];
  expect(shown("gpus", said)).toEqual([
    [24, 8, "operator"],
    [30, 6, "slurm"],
    [40, 8, "operator"],
    [44, 4, "operator"],
  ]);
  expect(shown("gpus", [])).toEqual([[24, 2, "default"]]);
});

test("what is no longer believed, since the file was loaded with another price, ends now", () => {
  expect(shown("price", [price(47, 0.4)], [])).toEqual([
    [24, 0.1, "default"],
    [47, 0.4, "market"],
    [48, 0.1, "default"],
  ]);
});
