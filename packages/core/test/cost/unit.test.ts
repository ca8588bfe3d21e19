// Tensor and data parallelism as the unit of a placement: an example worked out by hand, and every policy on random jobs.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { State } from "../../src/control/state.ts";
import { countsThatFit, idealIterationSeconds, neededBitsPerSecond } from "../../src/cost/gpu-count.ts";
import { gradientReductionSeconds } from "../../src/cost/gradient-reduction.ts";
import { iterationSeconds } from "../../src/cost/iteration-time.ts";
import type { Job } from "../../src/cost/job.ts";
import { egressUsd, placementFootprint } from "../../src/cost/money.ts";
import { stageLinks, stageTimes } from "../../src/cost/stage-times.ts";
import { placementInGpus, placementInUnits, unitGpusOf, unitView } from "../../src/cost/unit.ts";
import type { Fleet } from "../../src/fleet/fleet.ts";
import { openLedger, type Placement } from "../../src/fleet/ledger.ts";
import type { ModelShape } from "../../src/model/shape.ts";
import { averageJctBoundOf } from "../../src/scheduler/bound/index.ts";
import { rejectionText } from "../../src/scheduler/explain.ts";
import { reachOf } from "../../src/scheduler/feasibility.ts";
import type { Explanation } from "../../src/scheduler/policy.ts";
import { createPolicy, POLICIES, type PolicyName } from "../../src/scheduler/registry.ts";
import { fittingCount, idealOf, leastCount } from "../../src/scheduler/target.ts";
import { simulate } from "../../src/simulator/engine.ts";
import { fleetOf, fleets, jobOf, workloads } from "../support/fleets.ts";

// Two regions that have one unit of 4 × 2 GPUs each, and some GPUs that make no unit.
const bare = fleetOf([{ gpus: 14 }, { gpus: 12 }], () => 1);
const fleet: Fleet = { ...bare, links: bare.links.map((link) => ({ ...link, egressUsdPerGb: 0.05 })) };

// One micro-batch on 4 GPUs of 1e14 FLOP/s at 50 %: F = 4e14 / 2e14 = 2 s, B = 4 s. 8 micro-batches for each replica.
const job: Job = jobOf("tp4-dp2", {
  work: { kind: "flops", forwardFlops: 4e14, backwardFlops: 8e14, efficiency: 0.5 },
  layers: 2,
  microbatches: 16,
  iterations: 100,
  activationBytes: 25e6,
  overheadSeconds: 0.25,
  minGpus: 8,
  maxGpus: 20,
  tensorParallel: 4,
  dataParallel: 2,
  gradientBytes: 40e9,
});

// A message is that of both replicas, 50 MB = 0.4 Gbit: 1 s at 0.4 Gbit/s, and 10 ms on its way.
const placement: Placement = { regions: [0, 1], gpus: [8, 8], hopBitsPerSecond: [400e6] };

function reductionOf(of: Job, on: Fleet): number {
  const view = unitView(of, on);
  return gradientReductionSeconds(of, view, placementInUnits(placement, view.unitGpus));
}

describe("units of one GPU", () => {
  const plain = jobOf("plain");

  it("leave job, fleet and placement the very same values", () => {
    expect(unitGpusOf(plain)).toBe(1);
    const view = unitView(plain, fleet);
    expect(view.job).toBe(plain);
    expect(view.fleet).toBe(fleet);
    expect(placementInUnits(placement, 1)).toBe(placement);
    expect(placementInGpus(placement, 1)).toBe(placement);
  });

  it("are what a job has that says 1 and 1, to the last bit", () => {
    const said = { ...plain, tensorParallel: 1, dataParallel: 1, gradientBytes: 1e9 };
    expect(unitView(said, fleet).job).toBe(said);
    for (const model of ["overlapped", "serial", "1f1b"] as const)
      expect(iterationSeconds(said, fleet, placement, model)).toBe(
        iterationSeconds(plain, fleet, placement, model),
      );
  });
});

describe("units of 4 × 2 GPUs", () => {
  it("are the same view whenever it is asked for, and a view of a view changes nothing", () => {
    const view = unitView(job, fleet);
    expect(unitView(job, fleet).job).toBe(view.job);
    expect(unitView({ ...job, id: "other" }, fleet).fleet).toBe(view.fleet);
    expect(unitView(view.job, view.fleet)).toEqual({ ...view, unitGpus: 1 });
    const [east] = view.fleet.regions;
    expect([east!.gpus, east!.gpuType.peakFlopsPerSecond, east!.gpuType.busyWatts]).toEqual([1, 4e14, 2400]);
    expect(east!.gpuType.memoryBytes).toBe(48e9);
  });

  it("keep the times that were given outright: they are of one micro-batch on 4 GPUs", () => {
    const work = { kind: "seconds" as const, forwardSeconds: 2, backwardSeconds: 4 };
    expect(stageTimes({ ...job, work }, fleet, placement)).toMatchObject({
      forward: [1, 1],
      backward: [2, 2],
    });
    expect(stageTimes(job, fleet, placement)).toMatchObject({ forward: [1, 1], backward: [2, 2] });
  });

  it("make K* 16 GPUs: 8·(6 + 0.5) + 0.2 s with one stage, 9·(3 + 0.5) + 0.1 s with two", () => {
    const ideal = idealOf(job, fleet);
    expect(ideal.counts).toEqual([8, 16]);
    expect(ideal.bestGpus).toBe(16);
    expect(ideal.bestSeconds).toBeCloseTo(31.6, 12);
    expect(ideal.lowerBoundSeconds).toBeCloseTo(31.6, 12);
    expect(leastCount(job, fleet)).toBe(8);
    expect(fittingCount(job, fleet, 15)).toBe(8);
    const { fleet: units, job: perUnit } = unitView(job, fleet);
    expect(idealIterationSeconds(perUnit, units.regions[0]!.gpuType, 1)).toBeCloseTo(52.2, 12);
    expect(averageJctBoundOf([job], fleet).seconds).toBeCloseTo(3160, 9);
  });

  it("need A/b ≤ F/k for both replicas' messages: 0.4 Gbit in 1 s", () => {
    const { fleet: units, job: perUnit } = unitView(job, fleet);
    expect(idealOf(job, fleet).bestNeedBitsPerSecond).toBe(400e6);
    expect(neededBitsPerSecond(perUnit, units.regions[0]!.gpuType, 2, "forward")).toBe(400e6);
    const two = { ...job, minGpus: 16 };
    expect(reachOf(two, fleet)).toMatchObject({ fits: true, gpus: 16, neededGpus: 16 });
    // 26 GPUs are there, but only two units of 8.
    const three = { ...job, layers: 3, minGpus: 24, maxGpus: 24 };
    expect(reachOf(three, fleet)).toMatchObject({ fits: false, gpus: 16, neededGpus: 24 });
    const thin = fleetOf([{ gpus: 14 }, { gpus: 12 }], () => 0.39);
    expect(reachOf(two, thin)).toMatchObject({ fits: false, gpus: 8 });
  });

  it("reduce 20 GB per stage over 4 GPUs in 0.1 s: 2·(1/2) × 5 GB at 400 Gbit/s", () => {
    expect(reductionOf(job, fleet)).toBeCloseTo(0.1, 12);
    const [east, west] = fleet.regions;
    const slow = { ...fleet, regions: [east!, { ...west!, interconnectBitsPerSecond: 100e9 }] };
    expect(reductionOf(job, slow)).toBeCloseTo(0.4, 12);
    const { gradientBytes: _unknown, ...silent } = job;
    expect(reductionOf(silent, fleet)).toBe(0);
  });

  it("reduce nothing with one replica", () => {
    const placed = (dataParallel: number): number => {
      const gpus = [4 * dataParallel, 4 * dataParallel];
      return iterationSeconds({ ...job, dataParallel }, fleet, { ...placement, gpus }, "overlapped");
    };
    expect(placed(1)).toBe(17 * 3.5);
    expect(placed(2)).toBeGreaterThan(9 * 3.5);
  });

  it("take 31.6, 49.6 and 39.68 s per iteration by the three time models", () => {
    expect(stageLinks(job, fleet, placement).map(({ occupancySeconds }) => occupancySeconds)).toEqual([1, 1]);
    expect(iterationSeconds(job, fleet, placement, "overlapped")).toBeCloseTo(9 * 3.5 + 0.1, 9);
    expect(iterationSeconds(job, fleet, placement, "serial")).toBeCloseTo(9 * (3.5 + 2) + 0.1, 9);
    // F = 1.25 s, B = 2.25 s, a message 1.01 s: micro-batch 7 reaches stage 1 after 1.25 + 1.25 + 1.01 + the first pair's
    // wait (B0 is back at 6.77, so F2 ends at 10.27) + 3 round trips; it is back and done 6.76 s after it arrived.
    const roundTrip = 2 * (1.25 + 2.25) + 2 * 1.01;
    const seventhArrives = 14.78 + 2 * roundTrip;
    const makespan = seventhArrives + 1.25 + 2.25 + 1.01 + 2.25;
    expect(makespan).toBeCloseTo(39.58, 9);
    expect(iterationSeconds(job, fleet, placement, "1f1b")).toBeCloseTo(makespan + 0.1, 9);
  });

  it("cost 16 GPUs' electricity and every replica's traffic", () => {
    const seconds = 100 * 39.68;
    const used = placementFootprint(fleet, placement, 0, seconds);
    expect(used.energyKwh).toBeCloseTo((16 * 300 * seconds) / 3.6e6, 9);
    // 25 MB × 16 micro-batches × 100 iterations = 40 GB each way, at 0.05 USD/GB.
    expect(egressUsd(job, fleet, placement.regions)).toBeCloseTo(4, 9);
    // As one unit, and with what was measured of one GPU in place of its rating.
    const [r0, r1] = fleet.regions;
    const measured: Fleet = { ...fleet, regions: [{ ...r0!, measuredBusyWatts: 200 }, r1!] };
    const inUnits = placementInUnits(placement, 8);
    for (const [of, placed] of [
      [measured, placement],
      [unitView(job, measured).fleet, inUnits],
    ] as const)
      expect(placementFootprint(of, placed, 0, seconds).energyKwh).toBeCloseTo(
        (8 * (200 + 300) * seconds) / 3.6e6,
        9,
      );
    const view = unitView(job, fleet);
    expect(egressUsd(view.job, view.fleet, placementInUnits(placement, 8).regions)).toBeCloseTo(4, 9);
  });

  it("are what the simulator runs, bills and shows: 16 GPUs, from the decision to the result", () => {
    const result = simulate({ fleet, jobs: [job], policy: createPolicy("bace"), timeModel: "1f1b" });
    expect(result.jobs[0]).toMatchObject({
      outcome: "finished",
      placement: [
        { region: "r0", gpus: 8 },
        { region: "r1", gpus: 8 },
      ],
    });
    expect(result.jobs[0]!.iterationSeconds).toBeCloseTo(39.68, 9);
    expect(result.averageJctSeconds).toBeCloseTo(3968, 6);
    expect(result.energyKwh).toBeCloseTo(5.290_666_667, 8);
    expect(result.electricityUsd).toBeCloseTo(1.058_133_333, 8);
    expect(result.egressUsd).toBeCloseTo(4, 9);
    expect(result.gpuUtilization).toBeCloseTo(16 / 26, 9);
  });

  it("are explained in GPUs", () => {
    const odd = fleetOf([{ gpus: 14 }, { gpus: 12 }, { gpus: 7 }], () => 1);
    const explained = (queued: Job) => {
      const view = {
        nowSeconds: 0,
        ledger: openLedger(odd),
        queue: [queued],
        activeJobs: 0,
        running: () => [],
        timeModel: "1f1b" as const,
        runSeconds: () => 1,
      };
      return createPolicy("bace").explain(view)[0]!;
    };
    expect(explained(job)).toMatchObject({
      kind: "start",
      placement: { regions: [0, 1], gpus: [8, 8], hopBitsPerSecond: [400e6] },
      why: { targetGpus: 16, neededGpus: 16, candidates: [{ gpus: 16, outcome: "chosen" }] },
    });
    const { kind, why } = explained({ ...job, layers: 3, minGpus: 24, maxGpus: 24 });
    expect(kind).toBe("infeasible");
    expect(why).toMatchObject({ targetGpus: 24, neededGpus: 24 });
    expect(why.candidates[0]!.rejections.map(rejectionText)).toContain(
      "not r2: fewer than the 8 GPUs of a stage are free there",
    );
  });

  it("throw for micro-batches that cannot be dealt out, and for a placement of half a unit", () => {
    expect(() => unitView({ ...job, microbatches: 15 }, fleet)).toThrow("15 micro-batches for 2 replicas");
    expect(() => placementInUnits({ ...placement, gpus: [8, 4] }, 8)).toThrow("8,4 GPUs are not units of 8");
  });
});

describe("a model's memory", () => {
  const shape: ModelShape = {
    hiddenSize: 8192,
    layers: 2,
    attentionHeads: 64,
    keyValueHeads: 64,
    feedForwardSize: 32_768,
    vocabularySize: 32_000,
    feedForward: "gelu",
    tiedEmbeddings: false,
  };
  const { gradientBytes: _ofModel, ...rest } = job;
  const big: Job = {
    ...rest,
    memory: { shape, options: { sequenceLength: 2048, microbatchSize: 1 } },
    minGpus: 16,
  };
  const withMemory = (memoryBytes: number): Fleet => ({
    ...fleet,
    regions: fleet.regions.map((region) => ({ ...region, gpuType: { ...region.gpuType, memoryBytes } })),
  });
  const layer = 8192 * 2 * 16_384 + 2 * 8192 * 32_768 + 2 * 8192;
  const embedding = 8192 * 32_000;

  it("is a quarter of a stage's parameters, the optimizer's state halved again, and 24 of 34 sbh divided by 4", () => {
    const state = ((layer + embedding) * (6 + 12 / 2)) / 4;
    const activations = 2 * 2048 * 8192 * (10 + 24 / 4); // stage 0 of 2 holds two micro-batches
    const needed = (state + activations) / 0.9; // a tenth is kept free
    expect(needed).toBeCloseTo(4.1547e9, -5);
    const counts = (memoryBytes: number) => idealOf(big, withMemory(memoryBytes)).counts;
    expect(counts(needed + 1)).toEqual([16]);
    expect(counts(needed - 1)).toEqual([]);
    // The same stages on one GPU each need five times that.
    const single = { ...big, tensorParallel: 1, dataParallel: 1, minGpus: 2, maxGpus: 2 };
    expect(countsThatFit(single, withMemory(5 * needed))).toEqual([]);
  });

  it("says what replicas reduce: fp32 gradients of the larger stage, which has the head", () => {
    const bytes = (4 * (layer + 8192 * 32_001)) / 4;
    expect(reductionOf(big, fleet)).toBeCloseTo((8 * bytes) / 400e9, 9);
  });
});

const RUNS = 200;

/** The jobs of the other properties, with t and d; their bounds need not be whole units. */
const unitWorkloads = workloads.chain((jobs) =>
  fc
    .array(
      fc.record({
        tensorParallel: fc.constantFrom(1, 2, 4),
        dataParallel: fc.constantFrom(1, 2, 4),
        gradientBytes: fc.constantFrom(undefined, 1e9),
        odd: fc.nat({ max: 15 }),
      }),
      { minLength: jobs.length, maxLength: jobs.length },
    )
    .map((units) =>
      jobs.map((plain, i): Job => {
        const { dataParallel, gradientBytes, odd, tensorParallel } = units[i]!;
        const unit = tensorParallel * dataParallel;
        return {
          ...plain,
          tensorParallel,
          dataParallel,
          ...(gradientBytes === undefined ? {} : { gradientBytes }),
          microbatches: plain.microbatches * dataParallel,
          minGpus: plain.minGpus * unit - (odd % unit),
          maxGpus: plain.maxGpus * unit + (odd % unit),
        };
      }),
    ),
);
const unitFleets = fleets.map((random) => ({
  ...random,
  regions: random.regions.map((region, i) => ({ ...region, gpus: 4 * region.gpus + i })),
}));

describe.each(Object.keys(POLICIES) as PolicyName[])("%s on random jobs of any unit", (name) => {
  it("places whole units within capacity, gives everything back and ends every job", () => {
    const seen = { placed: 0, overHops: 0 };
    fc.assert(
      fc.property(
        unitFleets,
        unitWorkloads,
        fc.constantFrom("overlapped", "serial", "1f1b", "auto"),
        (random, jobs, timeModel) => {
          let last: State | undefined;
          const onInstant = (state: State) => {
            last = state;
            const { freeGpus, reservedBitsPerSecond } = state.ledger!;
            const held = random.regions.map(() => 0);
            for (const id of state.active) {
              const { epoch, job: running } = state.jobs.get(id)!;
              const unit = unitGpusOf(running);
              const { gpus, hopBitsPerSecond, regions } = epoch!.placement;
              if (gpus.some((count) => count % unit !== 0))
                throw new Error(`${gpus} are no units of ${unit}`);
              checkCounts(epoch!.why, unit);
              regions.forEach((region, i) => {
                held[region]! += gpus[i]!;
              });
              if (unit > 1) seen.placed++;
              if (unit > 1 && hopBitsPerSecond.length > 0) seen.overHops++;
            }
            random.regions.forEach(({ gpus }, region) => {
              if (freeGpus[region] !== gpus - held[region]! || freeGpus[region]! < 0)
                throw new Error(`region ${region} has ${freeGpus[region]} of ${gpus}, ${held[region]} held`);
            });
            for (const { bandwidthBitsPerSecond, from, to } of random.links) {
              const reserved = reservedBitsPerSecond[from * random.regions.length + to]!;
              if (reserved < 0 || reserved > bandwidthBitsPerSecond) throw new Error(`link ${from}-${to}`);
            }
          };
          const result = simulate({
            fleet: random,
            jobs,
            policy: createPolicy(name),
            timeModel: timeModel as "1f1b",
            onInstant,
          });
          expect([...last!.ledger!.freeGpus]).toEqual(random.regions.map(({ gpus }) => gpus));
          expect([...last!.ledger!.reservedBitsPerSecond].every((reserved) => reserved === 0)).toBe(true);
          for (const each of result.jobs) {
            const { maxGpus, minGpus } = jobs.find(({ id }) => id === each.id)!;
            const gpus = each.placement.reduce((sum, part) => sum + part.gpus, 0);
            if (each.outcome === "infeasible") {
              const why = last!.jobs.get(each.id)!.infeasibleWhy!;
              checkCounts(why, unitGpusOf(jobs.find(({ id }) => id === each.id)!));
              expect(why.candidates.every((candidate) => candidate.gpus < minGpus)).toBe(true);
            } else {
              expect(each.outcome).toBe("finished");
              expect(gpus).toBeGreaterThanOrEqual(minGpus);
              expect(gpus).toBeLessThanOrEqual(maxGpus);
            }
          }
        },
      ),
      { numRuns: RUNS },
    );
    expect(seen.placed).toBeGreaterThan(RUNS); // the property was not vacuous
    if (!["lcf", "ldf", "bace-no-pathfinder"].includes(name))
      expect(seen.overHops).toBeGreaterThan(RUNS / 50);
  }, 120_000);
});

function checkCounts({ candidates, neededGpus, targetGpus }: Explanation, unit: number): void {
  const counts = [targetGpus, neededGpus, ...candidates.map(({ gpus }) => gpus)];
  if (counts.some((count) => count % unit !== 0)) throw new Error(`${counts} are no units of ${unit}`);
}
