// Random model shapes for property tests: heads divide the hidden size, key/value heads divide the heads.
import fc from "fast-check";
import type { ModelShape } from "../../src/model/index.ts";

export const anyShape: fc.Arbitrary<ModelShape> = fc
  .record({
    headSize: fc.constantFrom(16, 64, 128),
    keyValueHeads: fc.integer({ min: 1, max: 8 }),
    group: fc.integer({ min: 1, max: 8 }),
    layers: fc.integer({ min: 1, max: 12 }),
    feedForwardSize: fc.integer({ min: 16, max: 8192 }),
    vocabularySize: fc.integer({ min: 256, max: 200_000 }),
    feedForward: fc.constantFrom("swiglu" as const, "gelu" as const),
    tiedEmbeddings: fc.boolean(),
  })
  .map(({ headSize, group, ...rest }) => {
    const attentionHeads = rest.keyValueHeads * group;
    return { ...rest, attentionHeads, hiddenSize: attentionHeads * headSize };
  });

/** A GPT of the 2021 kind: GELU, full heads, feed-forward four times as wide. */
export const gpt: ModelShape = {
  hiddenSize: 4096,
  layers: 36,
  attentionHeads: 32,
  keyValueHeads: 32,
  feedForwardSize: 16_384,
  vocabularySize: 51_200,
  feedForward: "gelu",
  tiedEmbeddings: true,
};
