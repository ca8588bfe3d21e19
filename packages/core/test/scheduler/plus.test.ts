// Where bace-plus puts a job: latency hidden as far as memory allows, prices over the run, weights.
// Stages are whole layers that divide evenly, so the times can be checked by hand: t = (F+B)/k + 2·overhead.
import { describe, expect, it } from "vitest";
import { iterationSeconds } from "../../src/cost/iteration-time.ts";
import type { Job } from "../../src/cost/job.ts";
import type { Fleet } from "../../src/fleet/fleet.ts";
import type { Placement } from "../../src/fleet/ledger.ts";
import { type MemoryOptions, type ModelShape, stageMemoryBytes } from "../../src/model/index.ts";
import type { PlusOptions } from "../../src/scheduler/plus/options.ts";
import { createPolicy } from "../../src/scheduler/registry.ts";
import { fleetOf, gpu, jobOf } from "../support/fleets.ts";
import { viewOf } from "../support/views.ts";

const UNLINKED = () => 0;

/** The start of the only job in a queue. */
function started(fleet: Fleet, job: Job, options: Partial<PlusOptions> = {}) {
  const policy = createPolicy("bace-plus", { "bace-plus": options });
  const [decision] = policy.explain(viewOf(fleet, [job]));
  if (decision?.kind !== "start") throw new Error(`${job.id}: ${decision?.kind}`);
  const { placement, why } = decision;
  return { placement, worth: why.candidates.find(({ outcome }) => outcome === "chosen")! };
}

/** Region → GPUs. */
function placed({ gpus, regions }: Placement): Record<string, number> {
  return Object.fromEntries(regions.map((region, i) => [`r${region}`, gpus[i]!]));
}

describe("a job over two regions, 100 ms apart, four GPUs each", () => {
  const job = jobOf("a", { minGpus: 8, maxGpus: 8 });
  const t = 3 / 8 + 0.001;
  const fleet = fleetOf([{ gpus: 4 }, { gpus: 4 }], () => 50, 0.1);
  const iteration = (of: Fleet, asked: Job, placement: Placement) =>
    iterationSeconds(asked, of, placement, "1f1b");

  it("runs ahead by a round trip, which is then paid once per iteration", () => {
    const { placement } = started(fleet, job);
    const [bitsPerSecond] = placement.hopBitsPerSecond;
    const roundTrip = 2 * (0.1 + (8 * job.activationBytes) / bitsPerSecond!);
    expect(placement.hopExtraForwards).toEqual([Math.ceil(roundTrip / t)]);
    expect(placement.hopExtraForwards![0]).toBeGreaterThan(0);
    expect(iteration(fleet, job, placement)).toBeCloseTo((64 + 7) * t + roundTrip, 9);
  });

  it("is faster for it than by plain 1F1B, which hideLatency: false gives", () => {
    const hidden = started(fleet, job).placement;
    const plain = started(fleet, job, { hideLatency: false }).placement;
    expect(plain.hopExtraForwards).toBeUndefined();
    expect(iteration(fleet, job, hidden)).toBeLessThan(0.8 * iteration(fleet, job, plain));
  });

  const shape: ModelShape = {
    hiddenSize: 1024,
    layers: 8,
    attentionHeads: 8,
    keyValueHeads: 8,
    feedForwardSize: 4096,
    vocabularySize: 256,
    feedForward: "gelu",
    tiedEmbeddings: false,
  };
  const options: MemoryOptions = { sequenceLength: 2048, microbatchSize: 4 };
  const modelled: Job = { ...job, layers: 8, memory: { shape, options } };
  /** One layer per stage; the first holds eight micro-batches, and the extra ones. A tenth of memory stays free. */
  const fleetFor = (extraForwards: number): Fleet => {
    const slice = { layers: 1, embedding: true, head: false };
    const memoryBytes = Math.ceil(stageMemoryBytes(shape, slice, 8 + extraForwards, options) / 0.9) + 1;
    const gpuType = { ...gpu, name: "small", memoryBytes };
    return { ...fleet, regions: fleet.regions.map((region) => ({ ...region, gpuType })) };
  };

  it("runs ahead only as far as its activations fit in memory, and is slower the less that is", () => {
    const seconds = [0, 1, 2, 3].map((room) => {
      const { placement } = started(fleetFor(room), modelled);
      expect(placement.hopExtraForwards).toEqual([room]);
      return iteration(fleetFor(room), modelled, placement);
    });
    expect(seconds).toEqual([...seconds].sort((a, b) => b - a));
    expect(new Set(seconds).size).toBe(4);
    expect(started(fleetFor(4), modelled).placement.hopExtraForwards).toEqual([3]); // no more than it takes
  });
});

describe("prices", () => {
  // Eight GPUs take 71 × 0.376 s × 1000 = 7.4 hours.
  const job = jobOf("a", { minGpus: 8, maxGpus: 8 });

  it("count over the run, not as they are now", () => {
    const values = [0.05, ...Array<number>(23).fill(0.5)];
    const tariff = { kind: "series" as const, startSeconds: 0, stepSeconds: 3600, values };
    const fleet = fleetOf(
      [
        { gpus: 8, tariff },
        { gpus: 8, price: 0.2 },
      ],
      UNLINKED,
    );
    const ahead = started(fleet, job);
    expect(placed(ahead.placement)).toEqual({ r1: 8 });
    expect(ahead.worth.usd).toBeCloseTo(8 * 0.3 * 7.416 * 0.2, 2);
    const now = started(fleet, job, { horizonPrices: false });
    expect(placed(now.placement)).toEqual({ r0: 8 });
    expect(now.worth.usd).toBeCloseTo(8 * 0.3 * 7.416 * 0.05, 2); // what it believes; it will be nine times that
  });

  it("below zero are the cheapest of all, and no reason to run longer or on more GPUs than help", () => {
    const twelve = jobOf("a", { layers: 48, maxGpus: 12 });
    for (const less of [0, 0.15, 0.3]) {
      const fleet = fleetOf(
        [0.2, 0.1].map((price) => ({ gpus: 8, price: price - less })),
        () => 50,
        0,
      );
      const { placement, worth } = started(fleet, twelve);
      expect(placed(placement)).toEqual({ r0: 4, r1: 8 });
      const usdPerHour = 0.3 * (4 * (0.2 - less) + 8 * (0.1 - less));
      expect(worth.usd).toBeCloseTo((worth.runSeconds! / 3600) * usdPerHour, 9);
    }
  });

  it("of nothing at all leave time to decide", () => {
    const fleet = fleetOf(
      [4, 16].map((gpus) => ({ gpus, price: 0 })),
      UNLINKED,
    );
    const { placement, worth } = started(fleet, jobOf("a", { maxGpus: 16 }));
    expect(placed(placement)).toEqual({ r1: 16 });
    expect(worth.usd).toBe(0);
    expect(worth.score).toBeCloseTo(1, 9);
  });

  it("of traffic count too, where electricity is free as well", () => {
    for (const price of [0.02, 0]) {
      const bare = fleetOf(
        [32, 32].map((gpus) => ({ gpus, price })),
        () => 50,
      );
      const paid = bare.links.map((link) => ({ ...link, egressUsdPerGb: 0.08 }));
      expect(placed(started(bare, jobOf("a")).placement)).toEqual({ r0: 32, r1: 32 });
      expect(placed(started({ ...bare, links: paid }, jobOf("a")).placement)).toEqual({ r0: 32 });
    }
  });
});

describe("weights", () => {
  // Fast: 16 GPUs, 79 × 0.1885 s per iteration. Cheap and clean: 8 GPUs, 71 × 0.376 s, 1.79 times as long.
  const [fast, cheap, clean] = [
    { gpus: 16, price: 0.4 },
    { gpus: 8, price: 0.05 },
    { gpus: 8, price: 0.4 },
  ];
  const bare = fleetOf([fast, cheap, clean], UNLINKED);
  const carbon = [600, 600, 20];
  const fleet: Fleet = {
    ...bare,
    regions: bare.regions.map((region, i) => ({ ...region, carbon: { kind: "flat", value: carbon[i]! } })),
  };
  const job = jobOf("a", { minGpus: 8, maxGpus: 16 });

  it.each([
    ["time", { timeWeight: 1, costWeight: 0, carbonWeight: 0 }, { r0: 16 }],
    ["money", { timeWeight: 0, costWeight: 1, carbonWeight: 0 }, { r1: 8 }],
    ["carbon", { timeWeight: 0, costWeight: 0, carbonWeight: 1 }, { r2: 8 }],
  ])("of %s alone choose the fast, the cheap or the clean region", (_, weights, regions) => {
    expect(placed(started(fleet, job, weights).placement)).toEqual(regions);
  });

  it("trade time for money where the score says", () => {
    // Of the ideal's 14.9 s × 16 GPUs at the mean price of 0.283: fast 1 + w·1.41, cheap 1.79 + w·0.16; equal at w = 0.63.
    expect(placed(started(fleet, job, { costWeight: 0.6 }).placement)).toEqual({ r0: 16 });
    expect(placed(started(fleet, job, { costWeight: 0.66 }).placement)).toEqual({ r1: 8 });
  });
});
