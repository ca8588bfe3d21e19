// What path search knows of a network: how much every pair of regions has left, and how far apart they are.
// Both are symmetric, because a hop of a pipeline is used in both directions: activations one way, gradients the other.
import { topologyOf } from "../../fleet/fleet.ts";
import type { Ledger } from "../../fleet/ledger.ts";

/** Row-major R × R matrices, symmetric, indexed by the fleet's regions. A pair with residual 0 is no hop. */
export interface HopMatrices {
  readonly regionCount: number;
  /** The smaller residual of the two directions, ≥ 0. */
  readonly residualBitsPerSecond: Float64Array;
  /** Sum of the two one-way latencies, ≥ 0. */
  readonly roundTripSeconds: Float64Array;
}

/** A snapshot of a ledger: later reservations do not show in it. */
export function hopMatrices({ fleet, reservedBitsPerSecond }: Ledger): HopMatrices {
  const { regionCount, bandwidthBitsPerSecond, latencySeconds } = topologyOf(fleet);
  const residualBitsPerSecond = new Float64Array(regionCount * regionCount);
  const roundTripSeconds = new Float64Array(regionCount * regionCount);
  for (let a = 0; a < regionCount; a++) {
    for (let b = 0; b < a; b++) {
      const forth = a * regionCount + b;
      const back = b * regionCount + a;
      const residual = Math.min(
        bandwidthBitsPerSecond[forth]! - reservedBitsPerSecond[forth]!,
        bandwidthBitsPerSecond[back]! - reservedBitsPerSecond[back]!,
      );
      residualBitsPerSecond[forth] = residualBitsPerSecond[back] = Math.max(0, residual);
      roundTripSeconds[forth] = roundTripSeconds[back] = latencySeconds[forth]! + latencySeconds[back]!;
    }
  }
  return { regionCount, residualBitsPerSecond, roundTripSeconds };
}

/** Whether a hop (its index in the matrices) carries what is needed, in finite time. */
export function isUsable(hops: HopMatrices, hop: number, needBitsPerSecond: number): boolean {
  const residual = hops.residualBitsPerSecond[hop]!;
  return (
    residual > 0 && residual >= needBitsPerSecond && hops.roundTripSeconds[hop]! < Number.POSITIVE_INFINITY
  );
}

/** Ascending, so that no result depends on the order in which a caller lists regions. Throws on strangers and twins. */
export function ascendingRegions(
  { regionCount }: HopMatrices,
  regions: readonly number[],
): readonly number[] {
  const ascending = [...regions].sort((a, b) => a - b);
  const sound = ascending.every(
    (region, i) =>
      Number.isInteger(region) && region >= 0 && region < regionCount && region !== ascending[i - 1],
  );
  if (!sound) throw new RangeError(`not distinct regions of ${regionCount}: ${regions}`);
  return ascending;
}
