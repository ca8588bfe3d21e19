// Who holds what: free GPUs per region and reserved bandwidth per directed link. The ledger is the one place where
// capacity is taken and given back; it throws rather than go below zero, because that is a broken scheduler.
//
//   const ledger = openLedger(fleet);
//   reserve(ledger, { regions: [0, 2], gpus: [8, 4], hopBitsPerSecond: [3e9] });  // 0→2 and 2→0 each hold 3 Gbit/s
//   release(ledger, thatPlacement);                                              // exactly as before: integers
import { type Fleet, topologyOf } from "./fleet.ts";

/** Where a job runs: regions in pipeline order, GPUs in each, and the bandwidth it holds on each hop, in both directions. */
export interface Placement {
  /** Region indices, in the order of the pipeline's stages. No region twice. */
  readonly regions: readonly number[];
  /** GPUs per region of the path, each ≥ 1. One pipeline stage per GPU, or per unit of several (cost/unit.ts). */
  readonly gpus: readonly number[];
  /** Reserved per hop (regions.length − 1 of them), the same in both directions. Whole numbers. */
  readonly hopBitsPerSecond: readonly number[];
  /** Per hop, forwards that the stages in front of it run ahead besides 1F1B's, to hide it; none where absent. */
  readonly hopExtraForwards?: readonly number[];
}

export interface Ledger {
  readonly fleet: Fleet;
  readonly freeGpus: Int32Array;
  /** Row-major R × R, directed. */
  readonly reservedBitsPerSecond: Float64Array;
  /** Jobs whose path has this hop; row-major R × R, symmetric. */
  readonly jobsOnHop: Int32Array;
  /** Rises whenever something is taken or given back: what was computed of a ledger is good until then. */
  changes: number;
}

export function openLedger(fleet: Fleet): Ledger {
  return {
    fleet,
    freeGpus: Int32Array.from(fleet.regions, (region) => region.gpus),
    reservedBitsPerSecond: new Float64Array(fleet.regions.length ** 2),
    jobsOnHop: new Int32Array(fleet.regions.length ** 2),
    changes: 0,
  };
}

export function copyLedger(ledger: Ledger): Ledger {
  return {
    fleet: ledger.fleet,
    freeGpus: ledger.freeGpus.slice(),
    reservedBitsPerSecond: ledger.reservedBitsPerSecond.slice(),
    jobsOnHop: ledger.jobsOnHop.slice(),
    changes: 0,
  };
}

/** What a hop between two regions still has for a job that uses both directions; never below zero. */
export function residualBitsPerSecond(ledger: Ledger, a: number, b: number): number {
  const { regionCount, bandwidthBitsPerSecond } = topologyOf(ledger.fleet);
  const forth = a * regionCount + b;
  const back = b * regionCount + a;
  const residual = Math.min(
    bandwidthBitsPerSecond[forth]! - ledger.reservedBitsPerSecond[forth]!,
    bandwidthBitsPerSecond[back]! - ledger.reservedBitsPerSecond[back]!,
  );
  return Math.max(0, residual);
}

/** The smaller of a hop's two capacities. */
export function hopCapacityBitsPerSecond(fleet: Fleet, a: number, b: number): number {
  const { regionCount, bandwidthBitsPerSecond } = topologyOf(fleet);
  return Math.min(bandwidthBitsPerSecond[a * regionCount + b]!, bandwidthBitsPerSecond[b * regionCount + a]!);
}

export function reserve(ledger: Ledger, placement: Placement): void {
  assertPlacement(ledger.fleet, placement);
  placement.regions.forEach((region, i) => {
    if (ledger.freeGpus[region]! < placement.gpus[i]!) {
      throw new Error(
        `region ${region} has ${ledger.freeGpus[region]} free GPUs, ${placement.gpus[i]} asked`,
      );
    }
  });
  forEachHop(placement, (a, b, bitsPerSecond) => {
    if (residualBitsPerSecond(ledger, a, b) < bitsPerSecond) {
      throw new Error(
        `hop ${a}-${b} has ${residualBitsPerSecond(ledger, a, b)} bit/s left, ${bitsPerSecond} asked`,
      );
    }
  });
  move(ledger, placement, 1);
}

/** The same where it may not fit; whether it did. */
export function tryReserve(ledger: Ledger, placement: Placement): boolean {
  try {
    reserve(ledger, placement);
    return true;
  } catch {
    return false;
  }
}

/** Regions may give back no GPU: of a job seen in units of several, a region can hold less than one. */
export function release(ledger: Ledger, placement: Placement): void {
  assertPlacement(ledger.fleet, placement, 0);
  move(ledger, placement, -1);
}

/** Holds without asking whether there is room: a running job keeps what it has where a reloaded fleet has less. */
export function holdAnyway(ledger: Ledger, placement: Placement): void {
  assertPlacement(ledger.fleet, placement);
  move(ledger, placement, 1);
}

/** Calls back once per hop with the two neighbouring regions and the bandwidth held in each direction. */
export function forEachHop(
  placement: Placement,
  visit: (from: number, to: number, bitsPerSecond: number, hop: number) => void,
): void {
  placement.hopBitsPerSecond.forEach((bitsPerSecond, hop) => {
    visit(placement.regions[hop]!, placement.regions[hop + 1]!, bitsPerSecond, hop);
  });
}

/**
 * The placement with the bandwidth that each of its hops really has, by the fleet's link model, while the ledger is as
 * it is. A link that has shrunk below what is reserved on it gives each job its part.
 * @param notCounted 1 if the placement is not reserved yet, 0 if it is.
 */
export function withHopRates(ledger: Ledger, placement: Placement, notCounted: 0 | 1): Placement {
  const { fleet, jobsOnHop, reservedBitsPerSecond } = ledger;
  if (placement.hopBitsPerSecond.length === 0) return placement;
  const hopBitsPerSecond = placement.hopBitsPerSecond.map((own, hop) => {
    const [a, b] = [placement.regions[hop]!, placement.regions[hop + 1]!];
    const index = a * fleet.regions.length + b;
    const capacity = hopCapacityBitsPerSecond(fleet, a, b);
    if (fleet.linkModel === "share") return capacity / (jobsOnHop[index]! + notCounted);
    const reserved = reservedBitsPerSecond[index]! + notCounted * own;
    return reserved > capacity ? (own * capacity) / reserved : own;
  });
  return { ...placement, hopBitsPerSecond };
}

export function placedGpus(placement: Placement): number {
  return placement.gpus.reduce((sum, n) => sum + n, 0);
}

function move(ledger: Ledger, placement: Placement, sign: 1 | -1): void {
  ledger.changes++;
  const regionCount = ledger.fleet.regions.length;
  placement.regions.forEach((region, i) => {
    ledger.freeGpus[region]! -= sign * placement.gpus[i]!;
  });
  forEachHop(placement, (a, b, bitsPerSecond) => {
    for (const hop of [a * regionCount + b, b * regionCount + a]) {
      ledger.reservedBitsPerSecond[hop]! += sign * bitsPerSecond;
      ledger.jobsOnHop[hop]! += sign;
    }
  });
}

function assertPlacement(
  fleet: Fleet,
  { regions, gpus, hopBitsPerSecond, hopExtraForwards }: Placement,
  leastGpus = 1,
): void {
  const sound =
    regions.length > 0 &&
    gpus.length === regions.length &&
    hopBitsPerSecond.length === regions.length - 1 &&
    new Set(regions).size === regions.length &&
    regions.every((r) => Number.isInteger(r) && r >= 0 && r < fleet.regions.length) &&
    gpus.every((n) => Number.isInteger(n) && n >= leastGpus) &&
    hopBitsPerSecond.every((b) => Number.isInteger(b) && b >= 0) &&
    (hopExtraForwards === undefined ||
      (hopExtraForwards.length === regions.length - 1 &&
        hopExtraForwards.every((n) => Number.isInteger(n) && n >= 0)));
  if (!sound) throw new Error(`not a placement: ${JSON.stringify({ regions, gpus, hopBitsPerSecond })}`);
}
