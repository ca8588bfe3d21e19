import { describe, expect, it } from "vitest";
import { predictRun } from "../../../src/model/efficiency/index.ts";
import { run } from "./runs.ts";

// One replica, so that no gradients are exchanged.
const pipeline = { ...run, dataParallel: 1, globalBatchSequences: 64, pipelineParallel: 4 };
const bubbleSeconds = (each: typeof pipeline & { virtualStages?: number }) => {
  const { bubbleShare, iterationSeconds } = predictRun(each);
  return bubbleShare * iterationSeconds;
};

describe("predictRun", () => {
  it("fills and drains a pipeline in p − 1 stages' time, whatever the batch", () => {
    const larger = { ...pipeline, globalBatchSequences: 256 };
    expect(bubbleSeconds(larger)).toBeCloseTo(bubbleSeconds(pipeline), 9);
    // 16 micro-batches, 4 stages: 3 / (16 + 3), less what the head makes the last stage longer.
    expect(predictRun(pipeline).bubbleShare).toBeGreaterThan(0.85 * (3 / 19));
    expect(predictRun(pipeline).bubbleShare).toBeLessThan(3 / 19);
  });

  it("halves the bubble with two chunks of layers per rank", () => {
    expect(bubbleSeconds({ ...pipeline, virtualStages: 2 })).toBeCloseTo(bubbleSeconds(pipeline) / 2, 9);
  });

  it("takes longer with the reduction of gradients, and longer still with sharded weights", () => {
    const alone = { ...run, dataParallel: 1, globalBatchSequences: 16 };
    const reduced = { ...run, dataParallel: 64, globalBatchSequences: 16 * 64 };
    const gathered = { ...reduced, sharded: true };
    const [a, b, c] = [alone, reduced, gathered].map((each) => predictRun(each).iterationSeconds);
    expect(b).toBeGreaterThan(a!);
    expect(c).toBeGreaterThan(b!);
  });

  it("gives TFLOP/s as most publish: full attention, repeated passes not counted", () => {
    const full = { ...run, recomputation: "full" } as const;
    const { iterationSeconds, flopsPerSecondPerGpu } = predictRun(full);
    expect(flopsPerSecondPerGpu * iterationSeconds).toBeCloseTo(
      predictRun(run).flopsPerSecondPerGpu * predictRun(run).iterationSeconds,
      -6,
    );
    expect(iterationSeconds).toBeGreaterThan(1.15 * predictRun(run).iterationSeconds);
  });

  it("splits a long sequence over context-parallel ranks without more work for any", () => {
    const long = { ...run, sequenceLength: 65_536, microbatchSize: 1 };
    const seconds = predictRun(long).iterationSeconds;
    const split = predictRun({ ...long, contextParallel: 4 }).iterationSeconds;
    expect(seconds / split).toBeGreaterThan(3.5);
    expect(seconds / split).toBeLessThan(4);
  });
});
