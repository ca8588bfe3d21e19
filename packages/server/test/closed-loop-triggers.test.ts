// The other things that bring a running job back to the scheduler, through the whole service: a price that moved, a region
// that has lost GPUs, blocks that are not as long as they were thought to be. And what is told of them.
import { CAPACITY_GRACE_SECONDS, launchKeyOf, POLICIES } from "@bace-pipe/core";
import { beforeEach, describe, expect, test } from "vitest";
import { emptyDatabase } from "./support/database.ts";
import { createFakeExecutor, type FakeExecutor } from "./support/fake-executor.ts";
import { type Clock, jobText, openService, ranksOf, type TestService } from "./support/service.ts";

const database = emptyDatabase();
let executor: FakeExecutor;
let clock: Clock;
let service: TestService;
let sequence: number;

const policy = POLICIES["bace-plus"]!();
const open = () => openService(database, executor, clock, policy, { timeModel: "auto" });

beforeEach(async () => {
  executor = createFakeExecutor();
  clock = { seconds: 1_000_000 };
  sequence = 0;
  service = await open();
});

const jobA = () => service.writer.state().jobs.get("a")!;
const count = async (kind: string) =>
  (await database.query<{ kind: string }>("select kind from events")).filter((each) => each.kind === kind)
    .length;
const say = (...inputs: readonly object[]) => service.post("/v1/inputs", { source: "test", inputs });

async function meet(): Promise<void> {
  await service.loop.cycle();
  await service.loop.cycle();
  clock.seconds += 8;
  await ranksOf(service, "a").meet();
}

/** Steps of ten seconds, the last rank's report of them. */
async function train(from: number, to: number): Promise<void> {
  const steps = Array.from({ length: to - from + 1 }, (_, i) => ({ step: from + i, loss: 4 }));
  await ranksOf(service, "a").report(ranksOf(service, "a").count - 1, from, steps, { committedStep: to });
}

describe("a price that rises where a job runs", () => {
  /** As a feed says it. */
  const rise = () =>
    service.writer.commit(() => [
      {
        ...{ kind: "price-curve", region: "east", source: "auction", observedAtSeconds: clock.seconds },
        ...{ fromSeconds: [clock.seconds], values: [2], untilSeconds: clock.seconds + 48 * 3600 },
      },
    ]);

  test("has it checkpointed and placed where electricity is cheaper; why is told", async () => {
    await service.submit(jobText("a", { gpus: 2, iterations: 1_000_000 }));
    await meet();
    expect((await service.client.job("a")).placement!.regions).toEqual([{ region: "east", gpus: 2 }]);
    await train(1, 40);
    await rise();
    await service.loop.cycle();
    expect(jobA()).toMatchObject({ phase: "stopping", committedStep: 40 });
    const { reason, replan } = await service.client.job("a");
    expect(replan).toMatchObject({ trigger: "price", from: ["east"], to: ["west"], step: 40 });
    if (replan?.trigger !== "price") throw new Error("not because of a price");
    expect(replan.gainUsd).toBeGreaterThan(2 * replan.costUsd);
    expect(reason).toMatch(/^moved at step 40 for cheaper electricity, east to west: gain /);
    await service.loop.cycle();
    await service.loop.cycle();
    expect(jobA()).toMatchObject({ phase: "starting", epochs: 2, excusedEpochs: 1, epoch: { fromStep: 40 } });
    expect((await service.client.job("a")).placement!.regions).toEqual([{ region: "west", gpus: 2 }]);
    expect((await service.client.explain("a")).replan).toEqual(replan);
    expect((await service.client.decisions()).decisions.at(-1)).toMatchObject({ epoch: 2, replan });
    const before = service.snapshot();
    service = await open();
    expect(service.snapshot()).toEqual(before);
  });

  test("leaves a job that is soon done where it is, and says what was compared; asked once", async () => {
    await service.submit(jobText("a", { gpus: 2, iterations: 50 }));
    await meet();
    await train(1, 40);
    await rise();
    for (let i = 0; i < 5; i++) await service.loop.cycle();
    expect(jobA().phase).toBe("running");
    const { stayed } = await service.client.job("a");
    expect(stayed).toMatchObject({ because: "gain", atSeconds: clock.seconds });
    expect(stayed!.gainUsd).toBeLessThan(2 * stayed!.costUsd);
    expect(await count("replan-declined")).toBe(1);
  });
});

describe("a region that has lost GPUs", () => {
  test("has a job give way after a minute: no failure, placed anew at once, and told", async () => {
    await service.submit(jobText("a", { gpus: 2, iterations: 1000 }));
    await meet();
    await train(1, 10);
    await say({ kind: "capacity-changed", region: "east", gpus: 1 });
    await service.loop.cycle();
    expect((await service.client.regions()).regions[0]).toMatchObject({ gpus: 1, freeGpus: -1 });
    expect(jobA().phase).toBe("running");
    clock.seconds += CAPACITY_GRACE_SECONDS;
    await service.loop.cycle();
    const { reason, replan } = await service.client.job("a");
    expect(reason).toBe("moved at step 10: east has 1 GPU left, and jobs held 2");
    expect(replan).toMatchObject({ trigger: "capacity", region: "east", gpus: 1, heldGpus: 2 });
    await service.loop.cycle();
    await service.loop.cycle();
    expect(jobA()).toMatchObject({ phase: "starting", epochs: 2, excusedEpochs: 1, epoch: { fromStep: 10 } });
    expect((await service.client.job("a")).placement!.regions).toEqual([{ region: "west", gpus: 2 }]);
    expect((await service.client.regions()).regions[0]).toMatchObject({ gpus: 1, freeGpus: 1 });
  });

  test("stops nobody who is stopped by the cluster first, and does not count that against him", async () => {
    await service.submit(jobText("a", { gpus: 2, iterations: 1000 }));
    await meet();
    await say({ kind: "capacity-changed", region: "east", gpus: 0 });
    executor.exit(launchKeyOf("a", 1, "east"), 137);
    await service.loop.cycle();
    await service.loop.cycle();
    expect(jobA()).toMatchObject({ phase: "starting", epochs: 2, excusedEpochs: 1 });
    expect(await count("replan-requested")).toBe(0);
  });
});

describe("blocks that take longer than predicted", () => {
  /** What the stages of a rank's newest step took, times what was predicted. */
  const stagesOf = (rank: number, ratio: number) => {
    const { backwardSeconds, forwardSeconds } = jobA().epoch!.chosenFor!.stages[rank]!;
    return {
      steps: [
        {
          ...{ step: sequence, loss: 4, stepSeconds: 0.5, idleSeconds: 0.1, updateSeconds: 0.01 },
          stages: [
            {
              ...{ stage: rank, forwardSeconds: forwardSeconds * ratio },
              ...{
                backwardSeconds: backwardSeconds * ratio,
                inputGradSeconds: null,
                weightGradSeconds: null,
              },
            },
          ],
        },
      ],
    };
  };

  test("give back bandwidth that is not needed; the plan stays, and all of it is told", async () => {
    await service.submit(jobText("a", { iterations: 1000, minGpus: 2 }));
    await meet();
    const before = jobA().epoch!.placement.hopBitsPerSecond[0]!;
    const plan = executor.artifacts.get(launchKeyOf("a", 1, "east"))!.plan;
    for (let i = 0; i < 4; i++) {
      clock.seconds += 61;
      sequence++;
      for (let rank = 0; rank < 4; rank++)
        await ranksOf(service, "a").report(rank, sequence, [], stagesOf(rank, 2));
    }
    await service.loop.cycle();
    expect(await count("reservation-changed")).toBe(1);
    const [hop] = (await service.client.job("a")).hops;
    expect(hop).toMatchObject({ reservedBitsPerSecond: Math.ceil(before / 2), plannedBitsPerSecond: before });
    const { regions } = await service.client.regions();
    expect(regions[0]!.links[0]!.reservedBitsPerSecond).toBe(Math.ceil(before / 2));
    expect((await service.client.explain("a")).hops).toEqual([hop]);
    expect(jobA()).toMatchObject({ phase: "running", epochs: 1, blockRatio: 2 });
    expect(executor.artifacts.get(launchKeyOf("a", 1, "east"))!.plan).toBe(plan);
    const kept = service.snapshot();
    await service.writer.close();
    service = await open();
    expect(service.snapshot()).toEqual(kept);
    expect(service.writer.state().ledger!.reservedBitsPerSecond[1]).toBe(Math.ceil(before / 2));
  });

  test("make the prediction wrong, and what was measured of them makes it right: that is reported", async () => {
    await service.submit(jobText("a", { iterations: 1000, minGpus: 2 }));
    await meet();
    expect((await service.client.job("a")).epochs).toBeUndefined();
    const predicted = jobA().epoch!.predictedIterationSeconds;
    for (let i = 0; i < 4; i++) {
      clock.seconds += 61;
      sequence++;
      for (let rank = 0; rank < 4; rank++) {
        const { steps } = stagesOf(rank, 2);
        await ranksOf(service, "a").report(rank, sequence, [], {
          steps: steps.map((step) => ({ ...step, stepSeconds: 1.9 * predicted })),
        });
      }
    }
    const live = await service.client.report();
    expect(live).toMatchObject({ jobs: [{ jobId: "a", phase: "running" }], medians: { epochs: 1 } });
    const [epoch] = live.jobs[0]!.epochs;
    expect(epoch).toMatchObject({ epoch: 1, steps: 3, predictedStepSeconds: predicted });
    expect(epoch!.predictedError).toBeCloseTo(1 / 1.9 - 1, 6);
    expect(Math.abs(epoch!.calibratedError!)).toBeLessThan(0.1);
    expect((await service.client.job("a")).epochs).toEqual([epoch]);

    await service.client.cancel("a");
    await service.loop.cycle();
    await service.loop.cycle();
    const ended = await service.client.report("a");
    expect(ended.jobs).toEqual([{ jobId: "a", phase: "ended", outcome: "cancelled", epochs: [epoch] }]);
    expect(ended.medians).toEqual({
      ...{ epochs: 1, predictedError: Math.abs(epoch!.predictedError) },
      calibratedError: Math.abs(epoch!.calibratedError!),
    });
    expect((await service.get("/v1/report?job=nobody")).status).toBe(404);
  });
});
