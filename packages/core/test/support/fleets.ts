// Small fleets and jobs for tests: by hand, and at random.
import fc from "fast-check";
import type { Job } from "../../src/cost/job.ts";
import type { Fleet, Link } from "../../src/fleet/fleet.ts";
import type { GpuType } from "../../src/fleet/gpu-types.ts";
import { flat, type Series } from "../../src/fleet/series.ts";

export const gpu: GpuType = {
  name: "test",
  peakFlopsPerSecond: 1e14,
  memoryBytes: 48e9,
  busyWatts: 300,
  idleWatts: 30,
};

export interface RegionSketch {
  readonly gpus: number;
  readonly price?: number;
  readonly tariff?: Series;
}

/** Regions r0, r1, …; `gbps[a][b]` both ways, 0 for no link. */
export function fleetOf(
  regions: readonly RegionSketch[],
  gbps: (a: number, b: number) => number,
  latencySeconds = 0.01,
): Fleet {
  const links: Link[] = regions.flatMap((_, from) =>
    regions.flatMap((__, to) => {
      const bandwidthBitsPerSecond =
        from === to ? 0 : Math.floor(gbps(Math.min(from, to), Math.max(from, to)) * 1e9);
      return bandwidthBitsPerSecond > 0
        ? [{ from, to, bandwidthBitsPerSecond, latencySeconds, egressUsdPerGb: 0 }]
        : [];
    }),
  );
  return {
    name: "test",
    regions: regions.map(({ gpus, price = 0.2, tariff }, i) => ({
      name: `r${i}`,
      gpuType: gpu,
      gpus,
      tariff: tariff ?? flat(price),
      pue: 1,
    })),
    links,
  };
}

/** The job of the published cases: m = 64, N = 1000, F = 1 s, B = 2 s, A = 21 MB, 4 to 64 GPUs. */
export function jobOf(id: string, fields: Partial<Job> = {}): Job {
  return {
    id,
    tenant: "t",
    submitSeconds: 0,
    work: { kind: "seconds", forwardSeconds: 1, backwardSeconds: 2 },
    layers: 64,
    headLayers: 0,
    microbatches: 64,
    iterations: 1000,
    activationBytes: 21e6,
    overheadSeconds: 0.0005,
    minGpus: 4,
    maxGpus: 64,
    ...fields,
  };
}

const tariffs: fc.Arbitrary<Series> = fc.oneof(
  fc.double({ min: -0.05, max: 0.5, noNaN: true }).map(flat),
  fc
    .array(fc.double({ min: -0.05, max: 0.5, noNaN: true }), { minLength: 1, maxLength: 12 })
    .map((values) => ({
      kind: "series" as const,
      startSeconds: 0,
      stepSeconds: 3600,
      values,
    })),
);

/** 1 to 6 regions of 0 to 24 GPUs, links of 0 (absent) to 20 Gbit/s that differ by direction. */
export const fleets: fc.Arbitrary<Fleet> = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 24 }), tariffs), { minLength: 1, maxLength: 6 })
  .chain((regions) => {
    const pairs = regions.length ** 2;
    const megabits = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 20_000 }));
    return fc
      .tuple(
        fc.array(megabits, { minLength: pairs, maxLength: pairs }),
        fc.array(fc.integer({ min: 0, max: 150 }), { minLength: pairs, maxLength: pairs }),
      )
      .map(([rates, milliseconds]) => ({
        name: "random",
        regions: regions.map(([gpus, tariff], i) => ({
          name: `r${i}`,
          gpuType: gpu,
          gpus,
          tariff,
          pue: 1 + i / 10,
        })),
        links: rates.flatMap((rate, pair) => {
          const [from, to] = [Math.floor(pair / regions.length), pair % regions.length];
          if (from === to || rate === 0) return [];
          const latencySeconds = milliseconds[pair]! / 1000;
          return [{ from, to, bandwidthBitsPerSecond: rate * 1e6, latencySeconds, egressUsdPerGb: 0.02 }];
        }),
      }));
  });

/** 1 to 12 jobs that need from far too little to far too much. */
export const workloads: fc.Arbitrary<Job[]> = fc
  .array(
    fc
      .record({
        submitSeconds: fc.integer({ min: 0, max: 5000 }),
        forwardSeconds: fc.double({ min: 0.05, max: 4, noNaN: true }),
        layers: fc.integer({ min: 1, max: 40 }),
        headLayers: fc.constantFrom(0, 0.5),
        microbatches: fc.integer({ min: 1, max: 24 }),
        iterations: fc.integer({ min: 1, max: 300 }),
        activationBytes: fc.integer({ min: 1, max: 200_000_000 }),
        overheadSeconds: fc.constantFrom(0, 0.001, 0.05),
        bounds: fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 })),
      })
      .map(({ bounds, forwardSeconds, layers, ...fields }) => ({
        ...fields,
        layers,
        tenant: "t",
        work: { kind: "seconds" as const, forwardSeconds, backwardSeconds: 2 * forwardSeconds },
        minGpus: Math.min(...bounds, layers),
        maxGpus: Math.min(Math.max(...bounds), layers),
      })),
    { minLength: 1, maxLength: 12 },
  )
  .map((jobs) => jobs.map((job, i) => ({ ...job, id: `j${i}` })));
