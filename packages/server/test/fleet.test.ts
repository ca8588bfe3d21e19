// What a service makes of a scenario: its fleet, with prices from the files that came with it.
import { expect, test } from "vitest";
import { readScenario } from "../src/fleet.ts";

const text = `version: 1
name: one
regions:
  - {name: here, gpuType: A6000, gpus: 4, priceUsdPerKwh: {csv: prices.csv, startAt: 2024-01-01 01:00}}
failures: {gpuHoursBetween: 100, checkpointIterations: 5}
`;
const prices = "datetime_utc,price_usd_per_mwh\n2024-01-01 00:00,100\n2024-01-01 01:00,200\n";

test("prices of a file stand at the hours that they were published for: the service's clock starts in 1970", () => {
  const scenario = readScenario({ file: "one.yaml", text, files: { "prices.csv": prices } });
  expect(scenario.fleet.regions[0]!.tariff).toEqual({
    ...{ kind: "series", startSeconds: Date.UTC(2024, 0, 1) / 1000, stepSeconds: 3600 },
    values: [0.1, 0.2],
  });
  expect(scenario).not.toHaveProperty("failures");
});

test("a file that did not come with it is named", () => {
  const read = () => readScenario({ file: "one.yaml", text });
  expect(read).toThrow("one.yaml:4:65: the text of prices.csv did not come with the scenario");
});
