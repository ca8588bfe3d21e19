// Totals agree with the jobs and regions that they are of, and of a job that goes over midnight today's part is today's.
import { expect, test, vi } from "vitest";
import { emptyDatabase } from "./support/database.ts";
import { createFakeExecutor } from "./support/fake-executor.ts";
import { jobText, openService, ranksOf } from "./support/service.ts";

const database = emptyDatabase();
const DAY = 86_400;

test("totals are the sums of jobs and regions, and today begins at midnight", async () => {
  const clock = { seconds: 10 * DAY - 3600 };
  const service = await openService(database, createFakeExecutor(), clock);
  await service.submit(jobText("over-midnight", { gpus: 3, iterations: 1000 }));
  await ranksOf(service, "over-midnight").meet();
  clock.seconds = 10 * DAY - 1800;
  // Paid at each price for as long as it held: the change is before midnight, and the log has it.
  const figure = { kind: "price-changed", source: "test", observedAtSeconds: clock.seconds } as const;
  await service.writer.commit(() =>
    ["east", "west"].map((region) => ({ ...figure, region, priceUsdPerKwh: 0.4 })),
  );
  const at = async (seconds: number) => {
    clock.seconds = seconds;
    return service.client.totals();
  };
  const before = await at(10 * DAY - 0.001);
  expect(before.today).toEqual(before.overall);
  expect(before.overall.gpuHours).toBeCloseTo(3, 5);
  expect((await at(10 * DAY + 3600)).today).toBeNull(); // it is read from the log
  const after = await vi.waitFor(async () => {
    const totals = await service.client.totals();
    expect(totals.today).not.toBeNull();
    return totals;
  });
  expect(after.today!.gpuHours).toBeCloseTo(3, 5);
  expect(after.overall.gpuHours).toBeCloseTo(6, 5);
  expect(after.today!.electricityUsd).toBeCloseTo(3 * 0.3 * 0.4, 6); // 300 W each
  expect(after.today!.electricityUsd + before.overall.electricityUsd).toBeCloseTo(
    after.overall.electricityUsd,
    6,
  );

  await service.submit(jobText("today", { gpus: 1 }));
  const totals = await at(10 * DAY + 5400);
  const { jobs } = await service.client.jobs();
  const sum = (of: (job: (typeof jobs)[number]) => number) => jobs.reduce((all, job) => all + of(job), 0);
  expect(totals.overall.electricityUsd).toBeCloseTo(
    sum(({ electricityUsd }) => electricityUsd),
    9,
  );
  expect(totals.overall.gpuHours).toBeCloseTo(sum(({ gpuSeconds }) => gpuSeconds) / 3600, 9);
  const { regions } = await service.client.regions();
  expect(totals.now.regions).toEqual(
    regions.map(({ freeGpus, gpus, name, priceUsdPerKwh }) => ({
      ...{ region: name, gpusTotal: gpus, gpusUsed: gpus - freeGpus, carbonGramsPerHour: 0 },
      powerWatts: (gpus - freeGpus) * 300,
      usdPerHour: (gpus - freeGpus) * 0.3 * priceUsdPerKwh,
    })),
  );
  expect(totals.now).toMatchObject({ gpusUsed: 4, gpusTotal: 4, powerWatts: 1200 });
});
