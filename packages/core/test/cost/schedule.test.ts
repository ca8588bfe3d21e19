// The best schedule of a placement: shorter than 1F1B where links are long, within memory, and timed as it is carried out.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { iterationSeconds } from "../../src/cost/iteration-time.ts";
import type { Job } from "../../src/cost/job.ts";
import { bestSchedule, bestSeconds, pipelineOf, warmupSeconds } from "../../src/cost/schedule.ts";
import { stageLinks, stageTimes } from "../../src/cost/stage-times.ts";
import type { Fleet } from "../../src/fleet/fleet.ts";
import type { Placement } from "../../src/fleet/ledger.ts";
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

  it("stays within the memory of the GPUs, and more memory is never worse", () => {
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
    const options = { sequenceLength: 2048, microbatchSize: 1, recomputation: "full" } as const;
    const big = { ...job, memory: { shape, options } };
    const seconds = [100e9, 60.6e9, 60.2e9].map((memoryBytes) => {
      const sized: Fleet = {
        ...fleet,
        regions: fleet.regions.map((region) => ({ ...region, gpuType: { ...region.gpuType, memoryBytes } })),
      };
      const at: Placement = { ...placement, gpus: [4, 4] };
      const { memoryCap } = pipelineOf(big, sized, at);
      const { peakActivationsOfRank } = scheduleStats(timed(big, sized, at));
      for (const [rank, peak] of peakActivationsOfRank.entries())
        expect(peak).toBeLessThanOrEqual(Math.max(memoryCap[rank]!, 8 - rank));
      return bestSeconds(big, sized, at);
    });
    expect(seconds).toEqual([...seconds].sort((a, b) => a - b));
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
