// The pipeline of a step: the one that the placement was predicted with, and the same with what ranks have measured.
import { expect, test } from "vitest";
import { emptyDatabase } from "./support/database.ts";
import { createFakeExecutor } from "./support/fake-executor.ts";
import { jobText, openService, ranksOf, SCENARIO } from "./support/service.ts";

const database = emptyDatabase();

test("a step is as long as predicted; measured blocks and links make it another one", async () => {
  const clock = { seconds: 1000 };
  const service = await openService(database, createFakeExecutor(), clock, undefined, { timeModel: "auto" });
  await service.submit(jobText("first", { iterations: 1000 }));
  await service.submit(jobText("waits"));
  expect(await service.client.timeline("waits")).toMatchObject({ epoch: null, predicted: null });
  const job = await service.client.job("first");
  const { measured, predicted, stages, tooManyBlocks } = await service.client.timeline("first");
  expect([measured, tooManyBlocks]).toEqual([null, null]);
  expect(stages.map(({ region }) => region).sort()).toEqual(["east", "east", "west", "west"]);
  expect(predicted!.makespanSeconds).toBeCloseTo(job.predictedStepSeconds!, 9);
  const ends = predicted!.blocks.map(({ endSeconds }) => endSeconds);
  expect(Math.max(...ends)).toBeCloseTo(predicted!.makespanSeconds, 9);
  expect(predicted!.blocks.filter(({ kind }) => kind === "F")).toHaveLength(4 * 8);
  for (const block of predicted!.blocks) expect(block.endSeconds).toBeGreaterThan(block.startSeconds);
  // One hop: every micro-batch crosses it each way, and takes its rate and its latency.
  expect(predicted!.messages).toHaveLength(2 * 8);
  for (const { arrivalSeconds, endSeconds, fromStage, toStage } of predicted!.messages) {
    expect([fromStage, toStage].sort()).toEqual([1, 2]);
    expect(arrivalSeconds - endSeconds).toBeCloseTo(0.01, 9);
  }

  const ranks = ranksOf(service, "first");
  await ranks.meet();
  const hops = service.writer.state().jobs.get("first")!.epoch!.chosenFor!.stages;
  const slow = hops.map(({ backwardSeconds, forwardSeconds }, stage) => ({
    ...{ stage, forwardSeconds: 2 * forwardSeconds, backwardSeconds: 2 * backwardSeconds },
  }));
  const { placement } = service.writer.state().jobs.get("first")!.epoch!;
  await service.writer.commit(() => [
    {
      ...{ kind: "measured", jobId: "first", epoch: 1, stages: slow },
      hops: [
        {
          ...{ hop: 0, direction: "forth", roundTripSeconds: 0.06 },
          bitsPerSecond: placement.hopBitsPerSecond[0]! / 2,
        },
      ],
    },
  ]);
  const after = await service.client.timeline("first");
  expect(after.predicted).toEqual(predicted);
  expect(after.measured!.makespanSeconds).toBeGreaterThan(1.5 * predicted!.makespanSeconds);
  const forth = after.measured!.messages.filter(({ fromStage, toStage }) => fromStage < toStage);
  const before = predicted!.messages.filter(({ fromStage, toStage }) => fromStage < toStage);
  const occupied = (each: { startSeconds: number; endSeconds: number }) =>
    each.endSeconds - each.startSeconds;
  expect(occupied(forth[0]!)).toBeCloseTo(2 * occupied(before[0]!), 9);
  expect(forth[0]!.arrivalSeconds - forth[0]!.endSeconds).toBeCloseTo(0.03, 9);
});

test("a step of very many blocks is said to have too many", async () => {
  const scenario = SCENARIO.replaceAll("gpus: 2", "gpus: 4");
  const service = await openService(database, createFakeExecutor(), { seconds: 1000 }, undefined, {
    scenario,
  });
  await service.submit(jobText("wide", { gpus: 4 }).replace("microbatches: 8", "microbatches: 3000"));
  const { predicted, tooManyBlocks } = await service.client.timeline("wide");
  expect(predicted).toBeNull();
  expect(tooManyBlocks).toEqual({ blocks: 24_000, most: 20_000 });
});
