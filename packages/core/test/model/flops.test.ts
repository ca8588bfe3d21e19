import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  layerForwardFlops,
  modelFlops,
  parameterCount,
  sliceFlops,
  trainingFlopsPerToken,
} from "../../src/model/index.ts";
import { anyShape, gpt } from "./shapes.ts";

describe("FLOPs", () => {
  it("meet Megatron's formula with full recomputation: 96Bslh²(1 + s/6h + V/16lh)", () => {
    const [s, h, l, v] = [2048, gpt.hiddenSize, gpt.layers, gpt.vocabularySize];
    const megatron = 96 * s * l * h ** 2 * (1 + s / (6 * h) + v / (16 * l * h));
    const ours = modelFlops(gpt, { sequenceLength: s, fullRecomputation: true }).total;
    expect(ours / megatron).toBeCloseTo(1, 12);
  });

  it("are about 6 per parameter and token, and a little more for attention", () => {
    const perParameter = trainingFlopsPerToken(gpt, { sequenceLength: 2048 }) / parameterCount(gpt);
    expect(perParameter).toBeGreaterThan(6);
    expect(perParameter).toBeLessThan(6.6);
  });

  it("count half the scores where attention is causal", () => {
    const full = layerForwardFlops(gpt, 2048, "full");
    const causal = layerForwardFlops(gpt, 2048, "causal");
    expect(full - causal).toBe(2 * 2048 ** 2 * gpt.hiddenSize);
  });

  it("count only active experts", () => {
    const one = layerForwardFlops({ ...gpt, experts: { count: 8, active: 1 } }, 1024);
    const two = layerForwardFlops({ ...gpt, experts: { count: 8, active: 2 } }, 1024);
    expect(two - one).toBe(2 * 1024 * 2 * gpt.hiddenSize * gpt.feedForwardSize);
  });

  it("of the stages add up to the model's, however it is cut, and scale with the micro-batch", () => {
    fc.assert(
      fc.property(anyShape, fc.nat(), fc.integer({ min: 1, max: 16 }), (shape, at, microbatchSize) => {
        const layers = at % (shape.layers + 1);
        const options = { sequenceLength: 512, microbatchSize, fullRecomputation: true };
        const first = sliceFlops(shape, { layers, embedding: true, head: false }, options);
        const last = sliceFlops(
          shape,
          { layers: shape.layers - layers, embedding: false, head: true },
          options,
        );
        const whole = modelFlops(shape, options);
        expect(first.total + last.total).toBe(whole.total);
        expect(whole.backward).toBe(2 * whole.forward);
        expect(whole.forward).toBe(microbatchSize * modelFlops(shape, { sequenceLength: 512 }).forward);
      }),
    );
  });
});
