// Price of a region over two days: what was believed in the past, what is believed of the future, and on whose word.
import { expect, test } from "vitest";
import type { SeriesView } from "../src/api/schemas/series.ts";
import { emptyDatabase } from "./support/database.ts";
import { createFakeExecutor } from "./support/fake-executor.ts";
import { openService } from "./support/service.ts";

const database = emptyDatabase();
const HOUR = 3600;

test("past figures come from the log, the rest from curves and the file, each with its source", async () => {
  const now = 100 * 24 * HOUR;
  const clock = { seconds: now - 10 * HOUR };
  const service = await openService(database, createFakeExecutor(), clock);
  const say = (region: string, priceUsdPerKwh: number) =>
    service.writer.commit(() => [
      { kind: "price-changed", region, priceUsdPerKwh, source: "meter", observedAtSeconds: clock.seconds },
    ]);
  await say("east", 0.3);
  await say("west", 0.9);
  clock.seconds = now - 9 * HOUR;
  await say("east", 0.4);
  clock.seconds = now;
  await service.writer.commit(() => [
    {
      ...{ kind: "price-curve", region: "east", source: "auction", observedAtSeconds: now },
      ...{ fromSeconds: [now + HOUR, now + 2 * HOUR], values: [0.01, -0.02], untilSeconds: now + 3 * HOUR },
    },
  ]);
  const series = (await (await service.get("/v1/regions/east/series")).json()) as SeriesView;
  const hours = series.priceUsdPerKwh.map(({ fromSeconds, source, value }) => [
    ...[(fromSeconds - now) / HOUR, value, source],
  ]);
  expect(hours).toEqual([
    [-24, 0.1, "default"],
    [-10, 0.3, "meter"],
    [-9, 0.4, "meter"],
    [-6, 0.1, "default"], // a price counts for three hours
    [1, 0.01, "auction"],
    [2, -0.02, "auction"],
    [3, 0.1, "default"],
  ]);
  expect(series.priceUsdPerKwh.map(({ isDefault }) => isDefault)).toEqual(
    hours.map((step) => step[2] === "default"),
  );
  expect(series.carbonGramsPerKwh).toEqual([
    { fromSeconds: now - 24 * HOUR, value: null, source: "default", isDefault: true },
  ]);
  expect((await service.get("/v1/regions/north/series")).status).toBe(404);
});
