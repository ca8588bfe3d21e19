// The steps of a job as a series: thinned out evenly, resumed, and found by an index among those of other jobs.
import type { Event } from "@bace-pipe/core";
import { expect, test } from "vitest";
import { insertEvents } from "../src/store/log.ts";
import { readSteps } from "../src/store/steps.ts";
import { emptyDatabase } from "./support/database.ts";
import { createFakeExecutor } from "./support/fake-executor.ts";
import { jobText, openService, ranksOf } from "./support/service.ts";

const database = emptyDatabase();
const ITERATIONS = 2000;

test("steps are thinned out evenly, the first and the last are kept, and what is new can be asked for alone", async () => {
  const service = await openService(database, createFakeExecutor(), { seconds: 1000 });
  await service.submit(jobText("wide", { iterations: ITERATIONS }));
  const ranks = ranksOf(service, "wide");
  await ranks.meet();
  const report = async (sequence: number, from: number, to: number) => {
    const steps = Array.from({ length: to - from + 1 }, (_, i) => ({
      step: from + i,
      loss: 5 - (from + i) / 1000,
    }));
    expect((await ranks.report(ranks.count - 1, sequence, steps)).status).toBe(200);
  };
  expect(await service.client.steps("wide")).toMatchObject({ count: 0, steps: [], next: 0 });
  await report(1, 1, 1000);

  const all = await service.client.steps("wide", { points: 1000 });
  expect([all.count, all.steps.length]).toEqual([1000, 1000]);
  expect(all.steps[6]).toEqual({ step: 7, epoch: 1, atSeconds: 1000, loss: 5 - 0.007, stepSeconds: 0.5 });

  const few = await service.client.steps("wide", { points: 11 });
  expect(few.count).toBe(1000);
  const numbers = few.steps.map(({ step }) => step);
  expect(numbers).toHaveLength(11);
  expect([numbers[0], numbers.at(-1)]).toEqual([1, 1000]);
  const gaps = numbers.slice(1).map((step, i) => step - numbers[i]!);
  expect(Math.max(...gaps) - Math.min(...gaps)).toBeLessThanOrEqual(1);

  await report(2, 1001, 1003);
  const news = await service.client.steps("wide", { after: few.next });
  expect(news.steps.map(({ step }) => step)).toEqual([1001, 1002, 1003]);
  expect(await service.client.steps("wide", { after: news.next })).toMatchObject({
    count: 0,
    next: news.next,
  });
  for (const wrong of ["points=1", "points=5001", "after=-1", "after=x"])
    expect((await service.get(`/v1/jobs/wide/steps?${wrong}`)).status).toBe(400);
});

test("among a hundred thousand steps of other jobs, those of one are found by an index", async () => {
  await openService(database, createFakeExecutor(), { seconds: 1000 });
  const first = 1_000_000;
  const events = Array.from({ length: 100_000 }, (_, i): Event => {
    const jobId = i % 1000 === 0 ? "ours" : `other-${i % 7}`;
    const report = { epoch: 1, step: i + 1, loss: 1, stepSeconds: 1 };
    return { kind: "progress", jobId, ...report, seq: first + i, atSeconds: 2000 };
  });
  for (let i = 0; i < events.length; i += 10_000)
    await insertEvents(database.query, events.slice(i, i + 10_000));
  await database.query("analyze events");
  const found = await readSteps(database.query, "ours", { afterSeq: 0, points: 500, sinceSeconds: 0 });
  expect([found.count, found.steps.length]).toEqual([100, 100]);
  const later = await readSteps(database.query, "ours", { afterSeq: 0, points: 500, sinceSeconds: 2001 });
  expect(later).toEqual({ count: 0, steps: [] });
  const plan = await database.query<{ "QUERY PLAN": string }>(
    "explain select seq from events where kind = 'progress' and job_id = 'ours' and seq > 0",
  );
  expect(plan.map((row) => row["QUERY PLAN"]).join("\n")).toContain("events_steps");
}, 60_000);
