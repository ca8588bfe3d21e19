// BACE-Pipe, stage 3: the cost-min allocator. On a fixed path every region gets one GPU, the rest go to the cheapest
// electricity first. Optimal for the path: moving any GPU to a dearer region only adds (exchange argument); the
// property tests compare it with every other split.
import { gpuUsdPerHour } from "../../cost/money.ts";
import type { Ledger } from "../../fleet/ledger.ts";
import type { BaceOptions } from "./options.ts";

/** GPUs per region of the path. Throws unless path length ≤ gpus ≤ free GPUs on the path. */
export function costMinSplit(
  ledger: Ledger,
  regions: readonly number[],
  gpus: number,
  nowSeconds: number,
): number[] {
  const split = regions.map(() => 1);
  let left = gpus - regions.length;
  const cheapestFirst = regions
    .map((region, position) => ({
      region,
      position,
      usdPerHour: gpuUsdPerHour(ledger.fleet, region, nowSeconds),
    }))
    .sort((a, b) => a.usdPerHour - b.usdPerHour || a.region - b.region);
  for (const { region, position } of cheapestFirst) {
    const more = Math.min(left, ledger.freeGpus[region]! - 1);
    split[position]! += more;
    left -= more;
  }
  if (left !== 0) throw new Error(`${gpus} GPUs do not fit on path ${regions.join("-")}`);
  return split;
}

/** GPUs per region of the path, by a rule. Throws unless path length ≤ gpus ≤ free GPUs on the path. */
export function splitBy(
  rule: BaceOptions["allocation"],
  ledger: Ledger,
  regions: readonly number[],
  gpus: number,
  nowSeconds: number,
): number[] {
  switch (rule) {
    case "cost-min":
      return costMinSplit(ledger, regions, gpus, nowSeconds);
    case "path-order":
      return fillInOrder(ledger, regions, gpus);
    case "proportional": {
      const free = regions.map((region) => ledger.freeGpus[region]!);
      const there = free.reduce((sum, n) => sum + n, 0);
      const shares = free.map((n) => Math.max(1, Math.floor((gpus * n) / there)));
      return fillInOrder(ledger, regions, gpus, shares);
    }
  }
}

/** What is left after `least` goes to the regions in the path's order; taken back from the end if that was too much. */
function fillInOrder(
  ledger: Ledger,
  regions: readonly number[],
  gpus: number,
  least: readonly number[] = regions.map(() => 1),
): number[] {
  const filled = [...least];
  let left = gpus - filled.reduce((sum, n) => sum + n, 0);
  for (let i = filled.length - 1; left < 0 && i >= 0; i--) {
    const less = Math.min(-left, filled[i]! - 1);
    filled[i]! -= less;
    left += less;
  }
  for (const [i, region] of regions.entries()) {
    const more = Math.min(left, ledger.freeGpus[region]! - filled[i]!);
    filled[i]! += more;
    left -= more;
  }
  if (left !== 0) throw new Error(`${gpus} GPUs do not fit on path ${regions.join("-")}`);
  return filled;
}

/** Drops end regions, the dearer end first, while what is left still has the GPUs: fewer hops, cheaper electricity. */
export function trimPath(
  ledger: Ledger,
  regions: readonly number[],
  gpus: number,
  nowSeconds: number,
): number[] {
  const path = [...regions];
  let free = path.reduce((sum, region) => sum + ledger.freeGpus[region]!, 0);
  const price = (region: number) => gpuUsdPerHour(ledger.fleet, region, nowSeconds);
  for (;;) {
    if (path.length === 1) return path;
    const ends = [path[0]!, path[path.length - 1]!].sort((a, b) => price(b) - price(a) || b - a);
    const droppable = ends.find((end) => free - ledger.freeGpus[end]! >= gpus);
    if (droppable === undefined) return path;
    path.splice(path.indexOf(droppable), 1);
    free -= ledger.freeGpus[droppable]!;
  }
}
