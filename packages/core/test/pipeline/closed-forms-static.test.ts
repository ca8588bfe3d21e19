/**
 * Closed forms of the generators that cut or split: makespan or span, and memory, over ranges of p and m. Times are whole
 * seconds, so sums are exact. C = F + I + W is a rank's work for one micro-batch; a chunk has its own F, I and W.
 */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  compileSchedule,
  type GeneratorName,
  generators,
  scheduleStats,
  timeSchedule,
} from "../../src/pipeline/index.ts";
import { makespanOfFusedPairs } from "./support/fused-pairs.ts";

type Shape = { readonly ranks: number; readonly microbatches: number; readonly chunks?: number };
type Seconds = { readonly F: number; readonly I: number; readonly W: number };

/** Every stage takes `seconds`; messages take none. */
function statsOf(generator: GeneratorName, shape: Shape, { F, I, W }: Seconds) {
  const schedule = generators[generator].build(shape);
  const perStage = (seconds: number) => Array.from({ length: schedule.stages }, () => seconds);
  const timing = {
    forwardSeconds: perStage(F),
    inputGradSeconds: perStage(I),
    weightGradSeconds: perStage(W),
    overheadSeconds: 0,
    links: [],
  };
  return { ...scheduleStats(timeSchedule(compileSchedule(schedule), timing)), schedule };
}

const range = (count: number) => Array.from({ length: count }, (_, index) => index);
const whole = (min: number, max: number) => fc.integer({ min, max });
const unit: Seconds = { F: 1, I: 1, W: 1 };
const anySeconds = fc.record({ F: whole(1, 20), I: whole(1, 20), W: whole(1, 20) });

/** Weight gradients no longer than what they are put beside. */
const shortW = anySeconds.map(({ F, I, W }) => ({ F, I, W: Math.min(F, I, W) }));

describe("interleaved 1F1B, v chunks, m a multiple of p", () => {
  const shapes = fc
    .record({ ranks: whole(1, 8), rounds: whole(1, 4), chunks: whole(1, 4) })
    .map(({ chunks, ranks, rounds }) => ({ ranks, chunks, microbatches: rounds * ranks }));

  test("bubble of (p-1)C of one chunk: a v-th of 1F1B's", () => {
    fc.assert(
      fc.property(shapes, anySeconds, (shape, seconds) => {
        const { chunks, microbatches, ranks } = shape;
        const C = seconds.F + seconds.I + seconds.W;
        const { makespanSeconds } = statsOf("interleaved-1f1b", shape, seconds);
        expect(makespanSeconds).toBe((microbatches * chunks + ranks - 1) * C);
      }),
    );
  });

  test("rank r holds p(v-1) + 2(p-1-r) + 1 chunk activations, p - 1 + pv on rank 0", () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const { chunks, microbatches, ranks } = shape;
        const held = range(ranks).map((rank) => ranks * (chunks - 1) + 2 * (ranks - 1 - rank) + 1);
        expect(statsOf("interleaved-1f1b", shape, unit).peakActivationsOfRank).toEqual(
          held.map((activations) => Math.min(activations, chunks * microbatches)),
        );
      }),
    );
  });

  test("where m is no multiple of p, rounds are longer and memory grows with them, not the bubble", () => {
    fc.assert(
      fc.property(
        whole(1, 8),
        whole(1, 40),
        whole(1, 4),
        anySeconds,
        (ranks, microbatches, chunks, seconds) => {
          fc.pre(microbatches >= ranks);
          const C = seconds.F + seconds.I + seconds.W;
          const longest = Math.ceil(microbatches / Math.floor(microbatches / ranks));
          const stats = statsOf("interleaved-1f1b", { ranks, microbatches, chunks }, seconds);
          expect(stats.makespanSeconds).toBe((microbatches * chunks + ranks - 1) * C);
          expect(Math.max(...stats.peakActivationsOfRank)).toBe(
            Math.min(chunks * microbatches, longest * (chunks - 1) + 2 * (ranks - 1) + 1),
          );
        },
      ),
    );
  });
});

test("looped BFS: the bubble of interleaved 1F1B if m >= p, and v m chunk activations on every rank", () => {
  fc.assert(
    fc.property(whole(1, 8), whole(0, 20), whole(1, 4), anySeconds, (ranks, more, chunks, seconds) => {
      const microbatches = ranks + more;
      const C = seconds.F + seconds.I + seconds.W;
      const stats = statsOf("looped-bfs", { ranks, microbatches, chunks }, seconds);
      expect(stats.makespanSeconds).toBe((microbatches * chunks + ranks - 1) * C);
      expect(stats.peakActivationsOfRank).toEqual(range(ranks).map(() => chunks * microbatches));
    }),
  );
});

describe("split backwards, W no longer than F and I", () => {
  test("ZB-H1: bubble (p-1)(F+I-W) if m >= p, memory of 1F1B", () => {
    fc.assert(
      fc.property(whole(1, 9), whole(0, 20), shortW, (ranks, more, { F, I, W }) => {
        const microbatches = ranks + more;
        const stats = statsOf("zb-h1", { ranks, microbatches }, { F, I, W });
        expect(stats.makespanSeconds).toBe(microbatches * (F + I + W) + (ranks - 1) * (F + I - W));
        expect(Math.max(...stats.peakActivationsOfRank)).toBe(ranks);
      }),
    );
  });

  test("ZB-H2: span m C + (p-1)(F+I-2W) if m >= 2p-1, 2p-1 activations", () => {
    fc.assert(
      fc.property(whole(1, 9), whole(0, 20), shortW, (ranks, more, { F, I, W }) => {
        const microbatches = 2 * ranks - 1 + more;
        const stats = statsOf("zb-h2", { ranks, microbatches }, { F, I, W });
        expect(stats.spanSeconds).toBe(microbatches * (F + I + W) + (ranks - 1) * (F + I - 2 * W));
        expect(Math.max(...stats.peakActivationsOfRank)).toBe(2 * ranks - 1);
      }),
    );
  });

  test("no more memory with fewer micro-batches", () => {
    fc.assert(
      fc.property(whole(1, 9), whole(1, 20), (ranks, microbatches) => {
        const peak = (generator: GeneratorName) =>
          Math.max(...statsOf(generator, { ranks, microbatches }, unit).peakActivationsOfRank);
        expect(peak("zb-h1")).toBe(Math.min(microbatches, ranks));
        expect(peak("zb-h2")).toBe(Math.min(microbatches, 2 * ranks - 1));
      }),
    );
  });
});

describe("V-placed, F = I = W", () => {
  const unitsOf = (microbatches: number) => 6 * microbatches;

  test("ZB-V: no bubble in the span if m >= 2p-1, p-1 units in the makespan if m >= p, 2p chunk activations", () => {
    fc.assert(
      fc.property(whole(1, 12), whole(0, 20), (ranks, more) => {
        const microbatches = ranks + more;
        const stats = statsOf("zb-v", { ranks, microbatches }, unit);
        expect(stats.makespanSeconds).toBe(unitsOf(microbatches) + ranks - 1);
        expect(Math.max(...stats.peakActivationsOfRank)).toBe(2 * ranks);
        if (microbatches < 2 * ranks - 1) return;
        expect(stats.spanSeconds).toBe(unitsOf(microbatches));
        expect(stats.peakActivationsOfRank).toEqual(range(ranks).map(() => 2 * ranks));
      }),
    );
  });

  test.each([
    ["v-half", (p: number) => p / 2, (p: number) => 2 * Math.floor((p + 2) / 2)],
    ["v-min", (p: number) => (2 * p) / 3, (p: number) => 2 * Math.floor((p + 4) / 3)],
  ] as const)("%s: bubble and memory within the paper's, whatever m is", (generator, bubble, held) => {
    fc.assert(
      fc.property(whole(1, 12), whole(0, 24), (ranks, more) => {
        const microbatches = 2 * ranks + more;
        const stats = statsOf(generator, { ranks, microbatches }, unit);
        const bubbleUnits = stats.makespanSeconds - unitsOf(microbatches);
        expect(bubbleUnits).toBeLessThanOrEqual(unitsOf(bubble(ranks)));
        expect(bubbleUnits).toBe(
          statsOf(generator, { ranks, microbatches: 2 * ranks }, unit).makespanSeconds - unitsOf(2 * ranks),
        );
        expect(Math.max(...stats.peakActivationsOfRank)).toBeLessThanOrEqual(held(ranks));
        // V-Min on two ranks needs one less than the formula says.
        if (ranks > 2) expect(Math.max(...stats.peakActivationsOfRank)).toBe(held(ranks));
      }),
    );
  });

  test("memory never exceeds the formula where there are few micro-batches", () => {
    fc.assert(
      fc.property(whole(1, 12), whole(1, 24), (ranks, microbatches) => {
        const peak = (generator: GeneratorName) =>
          Math.max(...statsOf(generator, { ranks, microbatches }, unit).peakActivationsOfRank);
        expect(peak("v-half")).toBeLessThanOrEqual(2 * Math.floor((ranks + 2) / 2));
        expect(peak("v-min")).toBeLessThanOrEqual(2 * Math.floor((ranks + 4) / 3));
        expect(peak("zb-v")).toBeLessThanOrEqual(2 * ranks);
      }),
    );
  });
});

describe.each([
  ["dualpipe", (depth: number) => 2 * depth, (depth: number, more: number) => 4 * depth + 2 * more],
  ["dualpipe-v", (depth: number) => depth, (depth: number, more: number) => 2 * depth + more],
] as const)("%s, half pipelines of d ranks", (generator, ranksOf, microbatchesOf) => {
  const shapes = fc
    .record({ depth: whole(1, 6), more: whole(0, 8) })
    .map(({ depth, more }) => ({ depth, ranks: ranksOf(depth), microbatches: microbatchesOf(depth, more) }));
  // Both halves of DualPipe's micro-batches, or both chunks of DualPipeV's.
  const passes = generator === "dualpipe" ? 1 : 2;

  test("a fused pair as one block, F = I >= W: bubble (d-1)(F&B + B - 3W)", () => {
    fc.assert(
      fc.property(shapes, whole(1, 20), whole(1, 20), ({ depth, ...shape }, longer, shorter) => {
        const [F, W] = [Math.max(longer, shorter), Math.min(longer, shorter)];
        const seconds = { forward: F, inputGrad: F, weightGrad: W };
        const B = F + W;
        const work = passes * shape.microbatches * (F + B);
        expect(makespanOfFusedPairs(generators[generator].build(shape), seconds)).toBe(
          work + (depth - 1) * (F + B + B - 3 * W),
        );
      }),
    );
  });

  test("one after the other, W <= I <= F <= I + W: bubble (d-1)(F+I-W), as much as ZB-H1's for half the ranks", () => {
    const seconds = fc
      .record({ W: whole(1, 9), moreI: whole(0, 9), moreF: whole(0, 9) })
      .map(({ W, moreF, moreI }) => ({ W, I: W + moreI, F: W + moreI + Math.min(W, moreF) }));
    fc.assert(
      fc.property(shapes, seconds, ({ depth, ...shape }, { F, I, W }) => {
        const { makespanSeconds } = statsOf(generator, shape, { F, I, W });
        expect(makespanSeconds).toBe(passes * shape.microbatches * (F + I + W) + (depth - 1) * (F + I - W));
      }),
    );
  });

  test("2d + 1 activations on every rank at most, fewer micro-batches included", () => {
    fc.assert(
      fc.property(whole(1, 6), whole(1, 30), (depth, microbatches) => {
        const shape = { ranks: ranksOf(depth), microbatches };
        const peak = Math.max(...statsOf(generator, shape, unit).peakActivationsOfRank);
        expect(peak).toBeLessThanOrEqual(2 * depth + 1);
        if (microbatches >= microbatchesOf(depth, 1)) expect(peak).toBe(2 * depth + 1);
      }),
    );
  });
});
