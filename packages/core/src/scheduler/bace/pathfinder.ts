// BACE-Pipe, stage 2: the bandwidth-aware pathfinder. Grows a path of regions greedily as Prim's algorithm does, the
// neighbour with the highest residual bandwidth first, until the free GPUs on it reach K*. A region joins only if its
// hop passes A/b ≤ F/k; the need grows with k, so every earlier hop is tested again.
// Greedy: it does not look ahead, and latency plays no part (both are the paper's).
import { neededBitsPerSecond } from "../../cost/gpu-count.ts";
import { forwardSecondsOn, type Job } from "../../cost/job.ts";
import type { GpuType } from "../../fleet/gpu-types.ts";
import { type Ledger, residualBitsPerSecond } from "../../fleet/ledger.ts";
import type { Rejection } from "../policy.ts";
import type { BaceOptions } from "./options.ts";

export interface Path {
  /** Region indices in pipeline order. */
  readonly regions: readonly number[];
  /** min(K*, free GPUs on the path). */
  readonly gpus: number;
  /** Why the path did not grow further; empty when it reached K*. */
  readonly rejections: readonly Rejection[];
}

/** Grows one path from a region with free GPUs. */
export function growPath(
  job: Job,
  ledger: Ledger,
  seed: number,
  targetGpus: number,
  options: BaceOptions,
): Path {
  const { fleet, freeGpus } = ledger;
  let path = [seed];
  let free = freeGpus[seed]!;
  let rejections: Rejection[] = [];
  while (free < targetGpus) {
    let best: { readonly path: number[]; readonly region: number; readonly residual: number } | undefined;
    rejections = [];
    for (let region = 0; region < fleet.regions.length; region++) {
      if (path.includes(region)) continue;
      if (freeGpus[region]! <= 0) {
        rejections.push({ constraint: "no-free-gpus", region: fleet.regions[region]!.name });
        continue;
      }
      const gpus = Math.min(targetGpus, free + freeGpus[region]!);
      const grown =
        options.ends === "both"
          ? [
              [...path, region],
              [region, ...path],
            ]
          : [[...path, region]];
      let failed: Rejection | undefined;
      let joined = false;
      for (const candidate of grown) {
        const failure = firstFailingHop(job, ledger, candidate, gpus, options, region);
        failed ??= failure;
        if (failure) continue;
        joined = true;
        const residual = joiningResidual(ledger, candidate, region);
        if (!best || residual > best.residual) best = { path: candidate, region, residual };
      }
      if (!joined && failed) rejections.push(failed);
    }
    if (!best) break;
    path = best.path;
    free += freeGpus[best.region]!;
  }
  return { regions: path, gpus: Math.min(targetGpus, free), rejections: free < targetGpus ? rejections : [] };
}

/** The ablation: regions with free GPUs in the fleet's order, without a bandwidth test; only a hop that has none is out. */
export function anyPath(ledger: Ledger, seed: number, targetGpus: number): Path {
  const { fleet, freeGpus } = ledger;
  const path = [seed];
  let free = freeGpus[seed]!;
  for (let region = 0; region < fleet.regions.length && free < targetGpus; region++) {
    if (region === seed || freeGpus[region]! <= 0) continue;
    if (residualBitsPerSecond(ledger, path.at(-1)!, region) <= 0) continue;
    path.push(region);
    free += freeGpus[region]!;
  }
  return { regions: path, gpus: Math.min(targetGpus, free), rejections: [] };
}

/** Bandwidth that every hop of a path needs: set by the path's fastest GPU, which waits least. */
export function pathNeedBitsPerSecond(
  job: Job,
  ledger: Ledger,
  regions: readonly number[],
  gpus: number,
  need: BaceOptions["bandwidthNeed"],
): number {
  return neededBitsPerSecond(job, fastestGpu(job, ledger, regions), gpus, need);
}

function fastestGpu(job: Job, { fleet }: Ledger, regions: readonly number[]): GpuType {
  return regions
    .map((region) => fleet.regions[region]!.gpuType)
    .reduce((fastest, gpu) => (forwardSecondsOn(job, gpu) < forwardSecondsOn(job, fastest) ? gpu : fastest));
}

function firstFailingHop(
  job: Job,
  ledger: Ledger,
  path: readonly number[],
  gpus: number,
  options: BaceOptions,
  joining: number,
): Rejection | undefined {
  const needed = pathNeedBitsPerSecond(job, ledger, path, gpus, options.bandwidthNeed);
  for (let hop = 0; hop + 1 < path.length; hop++) {
    const [a, b] = [path[hop]!, path[hop + 1]!];
    const residual = residualBitsPerSecond(ledger, a, b);
    if (residual >= needed) continue;
    const name = (region: number) => ledger.fleet.regions[region]!.name;
    return {
      constraint: "bandwidth",
      region: name(joining),
      from: name(a),
      to: name(b),
      neededBitsPerSecond: needed,
      residualBitsPerSecond: residual,
    };
  }
  return undefined;
}

function joiningResidual(ledger: Ledger, path: readonly number[], joining: number): number {
  const neighbour = path[0] === joining ? path[1]! : path[path.length - 2]!;
  return residualBitsPerSecond(ledger, neighbour, joining);
}
