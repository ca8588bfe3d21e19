import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  embeddingParameters,
  MODEL_PRESETS,
  parameterCount,
  parametersPerLayer,
  sliceParameters,
} from "../../src/model/index.ts";
import { anyShape, gpt } from "./shapes.ts";

describe("parameter counts of the presets", () => {
  const published = [...MODEL_PRESETS].flatMap(([name, { shape, publishedParameters }]) =>
    publishedParameters === undefined ? [] : [{ name, shape, publishedParameters }],
  );

  it.each(published)(
    "$name has $publishedParameters parameters, within 1 %",
    ({ shape, publishedParameters }) => {
      expect(Math.abs(parameterCount(shape) / publishedParameters - 1)).toBeLessThan(0.01);
    },
  );

  // Exact totals of the hub's weight files where no bias is left out of our count.
  it.each([
    ["llama-2-13b", 13_015_864_320],
    ["llama-2-70b", 68_976_648_192],
    ["llama-3.1-70b", 70_553_706_496],
    ["yi-34b", 34_388_917_248],
  ] as const)("%s has exactly %d", (name, total) => {
    expect(parameterCount(MODEL_PRESETS.get(name)!.shape)).toBe(total);
  });

  it("splits Gemma 3 as table 1 of its report: 1,416 million of embeddings, 25,600 million beside, within 1 %", () => {
    const { shape } = MODEL_PRESETS.get("gemma-3-27b")!;
    const embeddings = embeddingParameters(shape);
    expect(Math.abs(embeddings / 1416e6 - 1)).toBeLessThan(0.01);
    expect(Math.abs((parameterCount(shape) - embeddings) / 25_600e6 - 1)).toBeLessThan(0.01);
  });
});

describe("the formula", () => {
  it("is 12h² per layer, and norms, for GELU with full heads and f = 4h", () => {
    expect(parametersPerLayer(gpt)).toBe(12 * 4096 ** 2 + 2 * 4096);
  });

  it("holds every expert and a router", () => {
    const dense = parametersPerLayer(gpt);
    const mixed = parametersPerLayer({ ...gpt, experts: { count: 8, active: 2 } });
    expect(mixed - dense).toBe(7 * 2 * 4096 * 16_384 + 8 * 4096);
  });

  it("is additive in layers", () => {
    fc.assert(
      fc.property(anyShape, fc.integer({ min: 1, max: 12 }), (shape, more) => {
        const longer = { ...shape, layers: shape.layers + more };
        expect(parameterCount(longer) - parameterCount(shape)).toBe(more * parametersPerLayer(shape));
      }),
    );
  });

  it("cuts into two stages without loss, but for the second copy of tied embeddings", () => {
    fc.assert(
      fc.property(anyShape, fc.nat(), (shape, at) => {
        const layers = at % (shape.layers + 1);
        const first = sliceParameters(shape, { layers, embedding: true, head: false });
        const last = sliceParameters(shape, { layers: shape.layers - layers, embedding: false, head: true });
        const copy = shape.tiedEmbeddings ? embeddingParameters(shape) : 0;
        expect(first + last).toBe(parameterCount(shape) + copy);
      }),
    );
  });
});
