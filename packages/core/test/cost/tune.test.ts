// Tuning a job on a placement: the grid, the closed form that rules vectors out, and the search against all of them.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { iterationSeconds } from "../../src/cost/iteration-time.ts";
import { searchForwards } from "../../src/cost/tune/forwards.ts";
import { gridOf, hasModel, jobAt, type ModelJob } from "../../src/cost/tune/grid.ts";
import { tune } from "../../src/cost/tune/index.ts";
import { leastOneFOneBSeconds } from "../../src/cost/tune/least-seconds.ts";
import type { Fleet } from "../../src/fleet/fleet.ts";
import type { Placement } from "../../src/fleet/ledger.ts";
import { boundaryBytes, type ModelShape, modelFlops } from "../../src/model/index.ts";
import { chainLinks, extraForwardsOf, oneFOneBSeconds } from "../../src/pipeline/index.ts";
import { fleetOf, jobOf } from "../support/fleets.ts";

const shape: ModelShape = {
  hiddenSize: 4096,
  layers: 12,
  attentionHeads: 32,
  keyValueHeads: 32,
  feedForwardSize: 11_008,
  vocabularySize: 32_000,
  feedForward: "swiglu",
  tiedEmbeddings: false,
};

/** 32 sequences of 2048 tokens per iteration. */
function modelJob(fields: Partial<ModelJob> = {}): ModelJob {
  const sizes = { sequenceLength: 2048, microbatchSize: 1 };
  const flops = modelFlops(shape, sizes);
  return jobOf("model", {
    work: { kind: "flops", forwardFlops: flops.forward, backwardFlops: flops.backward, efficiency: 0.5 },
    layers: shape.layers,
    microbatches: 32,
    activationBytes: boundaryBytes(shape, sizes),
    memory: { shape, options: sizes },
    maxGpus: 12,
    ...fields,
  }) as ModelJob;
}

/** Two regions, and three; 5 Gbit/s and 60 ms between neighbours. */
const two: Placement = { regions: [0, 1], gpus: [2, 2], hopBitsPerSecond: [5e9] };
const three: Placement = { regions: [0, 1, 2], gpus: [2, 1, 1], hopBitsPerSecond: [5e9, 5e9] };
const fleet = fleetOf([{ gpus: 16 }, { gpus: 16 }, { gpus: 16 }], () => 5, 0.06);
const withMemory = (memoryBytes: number): Fleet => ({
  ...fleet,
  regions: fleet.regions.map((region) => ({ ...region, gpuType: { ...region.gpuType, memoryBytes } })),
});

describe("the grid", () => {
  it("keeps the tokens of an iteration, and asks for whole micro-batches of each replica", () => {
    const { points, refused } = gridOf(modelJob({ dataParallel: 4 }), [2048, 1024, 3000]);
    expect(
      points.map(
        ({ microbatches, microbatchSize, sequenceLength }) => microbatches * microbatchSize * sequenceLength,
      ),
    ).toEqual(points.map(() => 32 * 2048));
    expect(points.every(({ microbatches }) => microbatches % 4 === 0)).toBe(true);
    expect(
      points
        .filter(({ sequenceLength }) => sequenceLength === 2048)
        .map(({ microbatchSize }) => microbatchSize),
    ).toEqual([1, 2, 4, 8]);
    expect(points.some(({ sequenceLength }) => sequenceLength === 3000)).toBe(false);
    expect(refused).toContainEqual({ sequenceLength: 3000, microbatchSize: 1, reason: "uneven" });
    const [first] = gridOf(modelJob({ microbatches: 4096 }), [1024]).refused;
    expect(first).toEqual({ sequenceLength: 1024, microbatchSize: 1, reason: "too-many-microbatches" });
  });

  it("leaves the job as it is at its own point, and scales what a point changes", () => {
    const job = modelJob();
    expect(jobAt(job, fleet, { microbatches: 32, microbatchSize: 1, sequenceLength: 2048 }, "job")).toEqual({
      ...job,
      headLayers: expect.closeTo(0.61, 1),
    });
    const larger = jobAt(job, fleet, { microbatches: 8, microbatchSize: 4, sequenceLength: 2048 }, "job");
    expect(larger.work.forwardFlops).toBeCloseTo(4 * job.work.forwardFlops, -3);
    expect(larger.activationBytes).toBe(4 * job.activationBytes);
    expect(larger.memory.options).toEqual({ sequenceLength: 2048, microbatchSize: 4 });
    // Attention's products grow with the square.
    const longer = jobAt(job, fleet, { microbatches: 16, microbatchSize: 1, sequenceLength: 4096 }, "job");
    expect(longer.work.forwardFlops / job.work.forwardFlops).toBeGreaterThan(2);
  });

  it("takes the fitted efficiency, which grows with the micro-batch, where the job states none", () => {
    const of = (microbatchSize: number, sequenceLength: number) =>
      jobAt(modelJob(), fleet, { microbatches: 8, microbatchSize, sequenceLength }, "fitted").work.efficiency;
    expect(of(1, 512)).toBeLessThan(of(4, 512));
    expect(of(4, 512)).toBeLessThan(1);
  });

  it("is only for jobs with a model", () => {
    expect(hasModel(modelJob())).toBe(true);
    expect(hasModel(jobOf("outright"))).toBe(false);
  });
});

describe("the closed form", () => {
  const seconds = fc.integer({ min: 1, max: 20 });
  const cases = fc.integer({ min: 1, max: 6 }).chain((stages) =>
    fc.record({
      forward: fc.array(seconds, { minLength: stages, maxLength: stages }),
      backward: fc.array(seconds, { minLength: stages, maxLength: stages }),
      hops: fc.array(
        fc.record({ latencySeconds: fc.integer({ min: 0, max: 60 }), occupancySeconds: fc.nat(20) }),
        { minLength: stages - 1, maxLength: stages - 1 },
      ),
      perHop: fc.array(fc.nat(5), { minLength: stages - 1, maxLength: stages - 1 }),
      microbatches: fc.integer({ min: 1, max: 30 }),
      overheadSeconds: fc.nat(2),
    }),
  );

  it("is never longer than the schedule", () => {
    fc.assert(
      fc.property(cases, ({ backward, forward, hops, microbatches, overheadSeconds, perHop }) => {
        const timing = {
          forwardSeconds: forward,
          inputGradSeconds: backward,
          weightGradSeconds: backward.map(() => 0),
          overheadSeconds,
          links: chainLinks(hops),
        };
        const extra = extraForwardsOf(
          forward.length,
          perHop,
          perHop.map((_, hop) => hop),
        );
        const least = leastOneFOneBSeconds(microbatches, timing, extra);
        expect(least).toBeLessThanOrEqual(oneFOneBSeconds(microbatches, timing, extra) + 1e-9);
      }),
      { numRuns: 1000 },
    );
  });

  it("is met where all stages are alike and a latency is not hidden at all, or wholly", () => {
    const timing = {
      forwardSeconds: [1, 1],
      inputGradSeconds: [2, 2],
      weightGradSeconds: [0, 0],
      overheadSeconds: 0,
      links: chainLinks([{ latencySeconds: 6, occupancySeconds: 0 }]),
    };
    for (const extra of [[], [4, 0]])
      expect(leastOneFOneBSeconds(16, timing, extra) / oneFOneBSeconds(16, timing, extra)).toBeGreaterThan(
        0.9,
      );
    expect(leastOneFOneBSeconds(16, timing, [4, 0])).toBe(oneFOneBSeconds(16, timing, [4, 0]));
  });
});

describe("the search for extra forwards", () => {
  it("finds the best of all vectors that memory holds, whatever it leaves untimed", () => {
    fc.assert(
      fc.property(fc.integer({ min: 36, max: 52 }), fc.constantFrom(1, 2, 5), (halves, speed) => {
        const limited = withMemory((halves / 2) * 1e9);
        const base = modelJob();
        const job: ModelJob = { ...base, work: { ...base.work, efficiency: 0.2 * speed } };
        const found = searchForwards(job, limited, three);
        if (!found) return;
        const { best, left, overMemory, plain, rule, ruledOut, timed, vectors } = found;
        expect(timed + ruledOut + overMemory + left).toBe(vectors);
        const all: number[] = [];
        for (let a = 0; a <= rule[0]!; a++)
          for (let b = 0; b <= rule[1]!; b++) {
            try {
              all.push(iterationSeconds(job, limited, { ...three, hopExtraForwards: [a, b] }, "1f1b"));
            } catch {
              // Memory does not hold it.
            }
          }
        expect(all.length).toBe(vectors - overMemory);
        expect(best.iterationSeconds).toBeCloseTo(Math.min(...all), 9);
        expect(plain.iterationSeconds).toBeCloseTo(iterationSeconds(job, limited, three, "1f1b"), 9);
      }),
      { numRuns: 60 },
    );
  });

  it("looks neither at what memory cannot hold nor at what cannot be better; the rule's own vector need not be best", () => {
    const job = modelJob();
    const found = searchForwards(
      { ...job, work: { ...job.work, efficiency: 1 } },
      withMemory(20.5e9),
      three,
    )!;
    expect(found.rule).toEqual([3, 3]);
    expect(found.best.hopExtraForwards).toEqual([1, 2]);
    expect(found.overMemory).toBeGreaterThan(0);
    expect(found.ruledOut).toBeGreaterThan(found.timed);
  });

  it("says which bubble is which: all idle time, and what crossing regions adds", () => {
    const { best, plain } = searchForwards(modelJob(), withMemory(1e12), two)!;
    for (const { bubble } of [best, plain]) {
      expect(bubble.fromCrossing).toBeGreaterThan(0);
      expect(bubble.fromCrossing).toBeLessThan(bubble.allIdle);
    }
    expect(best.bubble.fromCrossing).toBeLessThan(0.5 * plain.bubble.fromCrossing);
    const { bubble } = searchForwards(modelJob(), withMemory(1e12), {
      regions: [0],
      gpus: [4],
      hopBitsPerSecond: [],
    })!.plain;
    expect(bubble.fromCrossing).toBe(0);
    // (p−1)/(m+p−1), and what the head makes the last stage longer than the others.
    expect(bubble.allIdle).toBeGreaterThan(3 / 35);
  });

  it("is none where memory does not hold 1F1B", () => {
    expect(searchForwards(modelJob(), withMemory(8e9), two)).toBeUndefined();
  });
});

describe("tuning", () => {
  const request = {
    job: modelJob(),
    fleet: withMemory(48e9),
    path: two,
    sequenceLengths: [2048],
    efficiency: "job",
  } as const;

  it("orders points by seconds per token, and never ends behind the job as it is", () => {
    const { own, timed, tokensPerIteration } = tune(request);
    expect(tokensPerIteration).toBe(32 * 2048);
    const objectives = timed.map(({ secondsPerToken }) => secondsPerToken);
    expect(objectives).toEqual([...objectives].sort((a, b) => a - b));
    if (own.kind !== "timed") throw new Error("the job itself fits");
    expect(objectives[0]).toBeLessThanOrEqual(own.secondsPerToken);
    expect(own.best.iterationSeconds).toBeLessThan(own.plain.iterationSeconds);
    expect(own.secondsPerToken).toBeCloseTo(own.best.iterationSeconds / (32 * 2048), 12);
  });

  it("holds what it says in memory, and says what a point that does not fit would need", () => {
    const { overMemory, timed, usableBytes } = tune(request);
    expect(usableBytes).toBeCloseTo(0.9 * 48e9, 0);
    for (const { memoryBytes } of timed) expect(Math.max(...memoryBytes)).toBeLessThanOrEqual(usableBytes);
    expect(overMemory.length).toBeGreaterThan(0);
    for (const { memoryBytes } of overMemory) expect(memoryBytes).toBeGreaterThan(usableBytes);
  });

  it("works in units of tensor and data parallelism", () => {
    const job = modelJob({ tensorParallel: 2, dataParallel: 2, minGpus: 4, maxGpus: 48 });
    const path: Placement = { regions: [0, 1], gpus: [8, 8], hopBitsPerSecond: [5e9] };
    const { own, timed } = tune({ ...request, job, path });
    if (own.kind !== "timed") throw new Error("the job itself fits");
    const placement = { ...path, hopExtraForwards: own.best.hopExtraForwards };
    const same = jobAt(job, request.fleet, own, "job");
    expect(own.best.iterationSeconds).toBeCloseTo(
      iterationSeconds(same, request.fleet, placement, "1f1b"),
      9,
    );
    expect(own.memoryBytes).toHaveLength(4);
    expect(timed.every(({ microbatches }) => microbatches % 2 === 0)).toBe(true);
  });
});
