// The best schedule of a placement: shorter than 1F1B where links are long, within memory, and timed as it is carried out.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { iterationSeconds, type TimeModel } from "../../src/cost/iteration-time.ts";
import type { Job } from "../../src/cost/job.ts";
import { bestSchedule, bestSeconds, warmupSeconds } from "../../src/cost/schedule.ts";
import { stageLinks, stageTimes } from "../../src/cost/stage-times.ts";
import { stageLayers } from "../../src/cost/stages.ts";
import { type Fleet, interconnectBitsPerSecondOf } from "../../src/fleet/fleet.ts";
import type { Placement } from "../../src/fleet/ledger.ts";
import { stageMemoryBytes } from "../../src/model/memory.ts";
import type { ModelShape } from "../../src/model/shape.ts";
import { compileSchedule, scheduleStats, timeSchedule, validateSchedule } from "../../src/pipeline/index.ts";
import { fleetOf, jobOf } from "../support/fleets.ts";

const fleet = fleetOf([{ gpus: 8 }, { gpus: 8 }], () => 10, 0.5);
const placement: Placement = { regions: [0, 1], gpus: [2, 2], hopBitsPerSecond: [10e9] };
const job = jobOf("long-link", { microbatches: 8, overheadSeconds: 0, activationBytes: 1e6 });

/** Seconds of the schedule on the placement's own links, each direction with its own latency. */
function timed(of: Job, on: Fleet, at: Placement) {
  const schedule = bestSchedule(of, on, at);
  const { backward, forward } = stageTimes(of, on, at);
  return timeSchedule(compileSchedule(schedule), {
    forwardSeconds: forward,
    inputGradSeconds: backward.map((seconds) => seconds / 2),
    weightGradSeconds: backward.map((seconds) => seconds / 2),
    overheadSeconds: of.overheadSeconds,
    links: stageLinks(of, on, at),
  });
}

describe("the best schedule of a placement", () => {
  it("hides what 1F1B cannot", () => {
    expect(warmupSeconds(job, fleet, placement)).toBeGreaterThan(1.3 * bestSeconds(job, fleet, placement));
    expect(bestSchedule(job, fleet, placement).generator).toBe("crosspipe");
    expect(iterationSeconds(job, fleet, placement, "auto")).toBe(bestSeconds(job, fleet, placement));
  });

  it("is 1F1B on one GPU", () => {
    const alone: Placement = { regions: [0], gpus: [1], hopBitsPerSecond: [] };
    expect(bestSchedule(job, fleet, alone).generator).toBe("1f1b");
    expect(bestSeconds(job, fleet, alone)).toBe(warmupSeconds(job, fleet, alone));
  });

  it("has whole backwards where the worker trains", () => {
    const trained = { ...job, training: {} as NonNullable<Job["training"]> };
    const kinds = new Set(
      bestSchedule(trained, fleet, placement)
        .ranks.flat()
        .map(({ kind }) => kind),
    );
    expect([...kinds].sort()).toEqual(["B", "F"]);
    expect(bestSeconds(trained, fleet, placement)).toBeLessThan(warmupSeconds(job, fleet, placement));
    expect(bestSeconds(trained, fleet, placement)).toBeGreaterThan(bestSeconds(job, fleet, placement));
  });

  it("stays within the memory of the GPUs, and more memory is faster as long as it is of use", () => {
    const shape: ModelShape = {
      hiddenSize: 4096,
      layers: 64,
      attentionHeads: 32,
      keyValueHeads: 32,
      feedForwardSize: 16_384,
      vocabularySize: 32_000,
      feedForward: "gelu",
      tiedEmbeddings: false,
    };
    const options = { sequenceLength: 2048, microbatchSize: 1, recomputation: "selective" } as const;
    const big = { ...job, microbatches: 64, memory: { shape, options } };
    const at: Placement = { ...placement, gpus: [8, 8] };
    const seconds = [38e9, 44e9, 100e9, 120e9].map((memoryBytes) => {
      const sized: Fleet = {
        ...fleet,
        regions: fleet.regions.map((region) => ({ ...region, gpuType: { ...region.gpuType, memoryBytes } })),
      };
      const { peakActivationsOfRank } = scheduleStats(timed(big, sized, at));
      for (const [stage, { layerCount: layers }] of stageLayers(big, 16, sized)!.entries()) {
        const slice = { layers, embedding: stage === 0, head: stage === 15 };
        const held = Math.ceil(peakActivationsOfRank[stage]!);
        expect(stageMemoryBytes(shape, slice, held, options)).toBeLessThanOrEqual(0.9 * memoryBytes);
      }
      return bestSeconds(big, sized, at);
    });
    expect(seconds[1]).toBeLessThan(seconds[0]!);
    expect(seconds[2]).toBeLessThan(seconds[1]!);
    expect(seconds[3]).toBe(seconds[2]);
  });

  it("reduces each stage's gradients after its last one, and knows jobs apart by them", () => {
    // Two stages, two micro-batches of the two replicas each, B = 2F: by 1F1B stage 1 ends at 3.5 s and stage 0 at 4.5 s.
    const replicated = {
      ...job,
      microbatches: 4,
      dataParallel: 2,
      minGpus: 4,
      work: { kind: "seconds", forwardSeconds: 1, backwardSeconds: 2 } as const,
      training: {} as NonNullable<Job["training"]>,
    };
    const near = fleetOf([{ gpus: 8 }, { gpus: 8 }], () => 1e6, 0);
    const at: Placement = { regions: [0, 1], gpus: [2, 2], hopBitsPerSecond: [1e15] };
    const of = (gradientBytes: number, model: TimeModel) =>
      iterationSeconds({ ...replicated, gradientBytes }, near, at, model);
    const bits = interconnectBitsPerSecondOf(near.regions[0]!);
    const bytes = (seconds: number) => (2 * seconds * bits) / 8; // of the whole model: half of it in each stage
    expect(of(0, "auto")).toBeCloseTo(4.5, 6);
    expect(of(bytes(0.5), "auto")).toBeCloseTo(5, 6);
    expect(of(bytes(0.5), "1f1b")).toBeCloseTo(5, 6);
    expect(of(bytes(2), "auto")).toBeCloseTo(6.5, 6);
  });

  it("takes the time that the timing pass gives it, whatever stages and links are like", () => {
    const cases = fc.record({
      gpus: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })),
      latency: fc.constantFrom(0, 0.01, 0.1, 1),
      mbps: fc.constantFrom(10, 100, 1000),
      microbatches: fc.integer({ min: 1, max: 12 }),
      overheadSeconds: fc.constantFrom(0, 0.001, 0.3),
    });
    let greedy = 0;
    fc.assert(
      fc.property(cases, ({ gpus, latency, mbps, microbatches, overheadSeconds }) => {
        const on = fleetOf([{ gpus: 8 }, { gpus: 8 }], () => 10, latency);
        const asked = { ...job, microbatches, overheadSeconds };
        const at: Placement = { regions: [0, 1], gpus, hopBitsPerSecond: [mbps * 1e6] };
        const schedule = bestSchedule(asked, on, at);
        expect(validateSchedule(schedule)).toEqual([]);
        expect(timed(asked, on, at).makespanSeconds).toBeCloseTo(bestSeconds(asked, on, at), 9);
        expect(bestSeconds(asked, on, at)).toBeLessThanOrEqual(warmupSeconds(asked, on, at));
        if (schedule.generator === "crosspipe") greedy++;
      }),
    );
    expect(greedy).toBeGreaterThan(10);
  });
});
