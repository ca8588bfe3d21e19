import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  DEFAULT_TERMS,
  type EfficiencyOptions,
  efficiencyOf,
  predictRun,
} from "../../../src/model/efficiency/index.ts";
import { MODEL_PRESETS } from "../../../src/model/index.ts";
import { anyShape, gpt } from "../shapes.ts";
import { A100, H100, run } from "./runs.ts";

const stage: EfficiencyOptions = { gpu: H100, shape: gpt, sequenceLength: 2048, microbatchSize: 4 };

describe("efficiencyOf", () => {
  it("is a share of peak, whatever the model", () => {
    fc.assert(
      fc.property(
        anyShape,
        fc.constantFrom(A100, H100, { name: "unheard of", peakFlopsPerSecond: 5e14 }),
        fc.constantFrom(1, 2, 8, 16),
        fc.constantFrom(128, 2048, 131_072),
        (shape, gpu, tensorParallel, sequenceLength) => {
          const share = efficiencyOf({ gpu, shape, tensorParallel, sequenceLength, microbatchSize: 1 });
          expect(share).toBeGreaterThan(0);
          expect(share).toBeLessThanOrEqual(1);
        },
      ),
    );
  });

  it("is about 0.6 for a 13B model on A100 and 0.5 on H100, a little above what is published with all exchanges", () => {
    const { shape } = MODEL_PRESETS.get("llama-2-13b")!;
    expect(efficiencyOf({ ...stage, shape, gpu: A100 })).toBeCloseTo(0.6, 1);
    expect(efficiencyOf({ ...stage, shape, gpu: H100 })).toBeCloseTo(0.5, 1);
  });

  it.each<[what: string, worse: Partial<EfficiencyOptions>]>([
    ["a narrow model", { shape: { ...gpt, hiddenSize: 1024, feedForwardSize: 4096 } }],
    ["tensor parallelism", { tensorParallel: 8 }],
    ["tensor parallelism over two nodes", { tensorParallel: 16 }],
    ["long sequences", { sequenceLength: 65_536 }],
    ["short micro-batches", { microbatchSize: 1, sequenceLength: 256 }],
    ["attention scores that go through memory", { fusedAttention: false }],
    ["counting half of the attention that is computed", { attention: "causal" }],
  ])("is lower with %s", (_, worse) => {
    expect(efficiencyOf({ ...stage, ...worse })).toBeLessThan(efficiencyOf(stage));
  });

  it("is more of the bf16 peak in fp8", () => {
    expect(efficiencyOf({ ...stage, precision: "fp8" })).toBeGreaterThan(1.2 * efficiencyOf(stage));
  });

  it("is what the predicted run reaches where nothing but stages takes time", () => {
    const alone = { ...run, dataParallel: 1, globalBatchSequences: 4000 };
    const { modelFlopUtilization, bubbleShare } = predictRun(alone);
    expect(bubbleShare).toBe(0);
    expect(modelFlopUtilization / efficiencyOf(alone)).toBeCloseTo(1, 3);
  });

  it("follows calibrated terms", () => {
    const slow = efficiencyOf({ ...stage, terms: { ...DEFAULT_TERMS, slowdown: 2 } });
    expect(slow).toBeCloseTo(efficiencyOf(stage) / 2, 9);
  });
});
