import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  boundaryBytes,
  type FitOptions,
  fittingSplit,
  inFlight1F1B,
  layerActivationBytes,
  leastStages,
  MODEL_PRESETS,
  type ModelShape,
  stageMemoryBytes,
  stateBytesPerParameter,
} from "../../src/model/index.ts";
import { anyShape, gpt } from "./shapes.ts";

const [s, b] = [2048, 4];
const sbh = s * b * gpt.hiddenSize;
const perSbh = (options: object, shape: ModelShape = gpt) =>
  layerActivationBytes(shape, { sequenceLength: s, microbatchSize: b, ...options }) / sbh;

describe("activations of a layer, GELU with full heads, in units of sbh (Korthikanti et al., table 2)", () => {
  const scores = (5 * gpt.attentionHeads * s) / gpt.hiddenSize;

  it.each([
    ["nothing recomputed", { recomputation: "none" }, 34 + scores],
    ["tensor parallel", { recomputation: "none", tensorParallel: 8 }, 10 + 24 / 8 + scores / 8],
    [
      "tensor and sequence parallel",
      { recomputation: "none", tensorParallel: 8, sequenceParallel: true },
      (34 + scores) / 8,
    ],
    ["selective recomputation or flash attention", {}, 34],
    ["selective, tensor and sequence parallel", { tensorParallel: 8, sequenceParallel: true }, 34 / 8],
    ["full recomputation", { recomputation: "full" }, 2],
  ])("%s", (_, options, expected) => {
    expect(perSbh(options)).toBeCloseTo(expected, 10);
  });

  it("take 2 less without dropout", () => {
    expect(perSbh({ dropout: false })).toBe(32);
  });
});

describe("activations of other layers", () => {
  it("of Llama 3.1 70B, tensor by tensor: 8 for h, 4 + 0.5 for q and kv, 6·3.5 for a gated f of 3.5h", () => {
    const { shape } = MODEL_PRESETS.get("llama-3.1-70b")!;
    const bytes = layerActivationBytes(shape, { sequenceLength: s, microbatchSize: b, dropout: false });
    expect(bytes / (s * b * shape.hiddenSize)).toBeCloseTo(8 + 4 * (1 + 1 / 8) + 6 * 3.5, 10);
  });

  it("shrink with grouped key/value heads by what keys and values lose", () => {
    expect(perSbh({}) - perSbh({}, { ...gpt, keyValueHeads: 8 })).toBeCloseTo(4 * (1 - 8 / 32), 10);
  });
});

describe("a stage", () => {
  it("sends 2·b·s·h bytes per micro-batch in bf16, 4·b·s·h in fp32", () => {
    expect(boundaryBytes(gpt, { sequenceLength: s, microbatchSize: b })).toBe(2 * sbh);
    expect(boundaryBytes(gpt, { sequenceLength: s, microbatchSize: b, bytesPerElement: 4 })).toBe(4 * sbh);
  });

  it("keeps 18 bytes per parameter, 16 with bf16 gradients, 6 + 12/d sharded", () => {
    expect(stateBytesPerParameter()).toBe(18);
    expect(stateBytesPerParameter({ gradients: "bf16" })).toBe(16);
    expect(stateBytesPerParameter({ optimizerShards: 8 })).toBe(6 + 12 / 8);
  });

  it("holds min(p − i, m) micro-batches under 1F1B", () => {
    expect([0, 1, 2, 3].map((stage) => inFlight1F1B(stage, 4, 8))).toEqual([4, 3, 2, 1]);
    expect([0, 1, 2, 3].map((stage) => inFlight1F1B(stage, 4, 2))).toEqual([2, 2, 2, 1]);
  });

  it("needs less memory with fewer layers or fewer micro-batches in flight", () => {
    fc.assert(
      fc.property(anyShape, fc.integer({ min: 1, max: 8 }), (shape, inFlight) => {
        const options = { sequenceLength: 512, microbatchSize: 1 };
        const bytes = (layers: number, held: number) =>
          stageMemoryBytes(shape, { layers, embedding: true, head: false }, held, options);
        expect(bytes(shape.layers, inFlight)).toBeLessThan(bytes(shape.layers + 1, inFlight));
        expect(bytes(shape.layers, inFlight)).toBeLessThan(bytes(shape.layers, inFlight + 1));
      }),
    );
  });
});

describe("the fewest stages", () => {
  const usable = ({ memoryBytes, reserveShare = 0.1 }: FitOptions) => memoryBytes * (1 - reserveShare);
  const fits = (shape: ModelShape, split: readonly number[], options: FitOptions) =>
    split.every((layers, stage) => {
      const slice = { layers, embedding: stage === 0, head: stage === split.length - 1 };
      const held = inFlight1F1B(stage, split.length, options.microbatches);
      return stageMemoryBytes(shape, slice, held, options) <= usable(options);
    });

  /** Every way to write `layers` as `stages` positive parts, in order. */
  function compositions(layers: number, stages: number): number[][] {
    if (stages === 1) return [[layers]];
    return Array.from({ length: layers - stages + 1 }, (_, i) => i + 1).flatMap((first) =>
      compositions(layers - first, stages - 1).map((rest) => [first, ...rest]),
    );
  }

  it("is what trying every contiguous split of up to 8 layers finds, and the split returned fits", () => {
    const outcomes = new Set<string>();
    fc.assert(
      fc.property(
        anyShape,
        fc.integer({ min: 1, max: 8 }),
        fc.constantFrom("selective" as const, "full" as const),
        fc.integer({ min: 1, max: 12 }),
        fc.double({ min: 0.1, max: 1.5, noNaN: true }),
        (anyLength, layers, recomputation, microbatches, share) => {
          const shape = { ...anyLength, layers };
          const base = { sequenceLength: 1024, microbatchSize: 2, recomputation, microbatches };
          const all = { layers, embedding: true, head: true };
          const options = { ...base, memoryBytes: share * stageMemoryBytes(shape, all, 1, base) };
          const expected = Array.from({ length: layers }, (_, i) => i + 1).find((stages) =>
            compositions(layers, stages).some((parts) => fits(shape, parts, options)),
          );
          const found = leastStages(shape, options);
          expect(found).toBe(expected);
          outcomes.add(found === undefined ? "none" : found === 1 ? "one" : "several");
          if (found === undefined) return;
          const split = fittingSplit(shape, found, options)!;
          expect(split).toHaveLength(found);
          expect(split.reduce((sum, part) => sum + part, 0)).toBe(layers);
          expect(fits(shape, split, options)).toBe(true);
        },
      ),
      { numRuns: 300, seed: 1 },
    );
    expect(outcomes).toEqual(new Set(["none", "one", "several"]));
  });

  it("does not grow with memory", () => {
    fc.assert(
      fc.property(anyShape, fc.integer({ min: 1, max: 40 }), (shape, gigabytes) => {
        const options = { sequenceLength: 1024, microbatchSize: 1, microbatches: 8 };
        const few = leastStages(shape, { ...options, memoryBytes: gigabytes * 2e9 }) ?? Infinity;
        const many = leastStages(shape, { ...options, memoryBytes: gigabytes * 1e9 }) ?? Infinity;
        expect(few).toBeLessThanOrEqual(many);
      }),
    );
  });

  it("gives the stages with embedding and head fewer layers", () => {
    const { shape } = MODEL_PRESETS.get("llama-3.1-70b")!;
    const options: FitOptions = {
      sequenceLength: 1024,
      microbatchSize: 1,
      microbatches: 256,
      memoryBytes: 48e9,
      gradients: "bf16",
      recomputation: "full",
    };
    expect(leastStages(shape, options)).toBe(28);
    const split = fittingSplit(shape, 28, options)!;
    expect([split[0], split[1], split.at(-1)]).toEqual([1, 3, 1]);
  });

  it("is undefined where one layer alone does not fit", () => {
    const { shape } = MODEL_PRESETS.get("gpt-3-175b")!;
    const options = { sequenceLength: 2048, microbatchSize: 1, microbatches: 64, memoryBytes: 24e9 };
    expect(leastStages(shape, options)).toBeUndefined();
  });
});
