// The queue as the policy sees it: its order, why each job waits in the words of `bace explain`, and what would let it start.
import { createPolicy, type Policy } from "@bace-pipe/core";
import { distanceText } from "@bace-pipe/core/explain";
import { expect, test } from "vitest";
import { emptyDatabase } from "./support/database.ts";
import { createFakeExecutor } from "./support/fake-executor.ts";
import { jobText, openService } from "./support/service.ts";

const database = emptyDatabase();

test("jobs come in the order of the policy, each with its sentence and what it needs, by one dry run for all", async () => {
  const clock = { seconds: 1000 };
  const bace = createPolicy("bace");
  let runs = 0;
  const counted: Policy = {
    ...bace,
    explain(view) {
      runs++;
      return bace.explain(view);
    },
  };
  const service = await openService(database, createFakeExecutor(), clock, counted);
  await service.submit(jobText("running", { gpus: 3 }));
  await service.submit(jobText("long", { gpus: 4, iterations: 900 }));
  await service.submit(jobText("short", { gpus: 2 }));
  await service.submit(jobText("resting", { gpus: 2 }));
  await service.client.hold("resting");
  clock.seconds += 60;
  const { jobs, policy } = await service.client.queue();
  expect(policy).toBe("bace");
  const explained = await Promise.all(["long", "short"].map((id) => service.client.explain(id)));
  const places = new Map(explained.map(({ jobId, why }) => [jobId, why!.position]));
  expect(jobs.map(({ jobId }) => jobId)).toEqual([
    ...["long", "short"].sort((a, b) => places.get(a)! - places.get(b)!),
    "resting",
  ]);
  for (const { jobId, why } of explained) {
    const entry = jobs.find((each) => each.jobId === jobId)!;
    expect(entry).toMatchObject({
      decision: "wait",
      order: why!.order,
      position: why!.position,
      waitSeconds: 60,
    });
    expect(entry.why).toBe(distanceText(why!));
  }
  const { candidates, neededGpus } = explained[0]!.why!;
  const nearest = candidates.reduce((a, b) => (b.gpus > a.gpus ? b : a));
  expect(neededGpus).toBeGreaterThan(nearest.gpus);
  expect(jobs.find(({ jobId }) => jobId === "long")!.needs[0]).toEqual({
    ...{ kind: "gpus", missing: neededGpus - nearest.gpus },
    regions: nearest.regions,
  });
  expect(jobs.at(-1)).toMatchObject({
    ...{ decision: "aside", position: null, needs: [{ kind: "release" }] },
    why: "on hold: it is not placed until `bace release resting`",
  });

  runs = 0;
  for (let i = 0; i < 20; i++) await service.client.queue();
  expect(runs).toBe(0);
  clock.seconds += 3600;
  await service.client.queue();
  expect(runs).toBe(1);
  await service.client.release("resting");
  expect((await service.client.queue()).jobs.at(-1)!.decision).not.toBe("aside");
  expect(runs).toBe(2);
});
