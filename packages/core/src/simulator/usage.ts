// What a fleet was used for over time: GPU and link use, and the electricity of GPUs that nobody used. Sums are taken up
// to the last end of a job: what the fleet does afterwards is nobody's business.
import { perKwh } from "../cost/money.ts";
import { idleFacilityWatts, topologyOf } from "../fleet/fleet.ts";
import type { Ledger } from "../fleet/ledger.ts";
import { JOULES_PER_KWH } from "../units.ts";

export interface Usage {
  readonly gpuSecondsHeld: number;
  readonly gpuSecondsThere: number;
  readonly linkBitsReserved: number;
  readonly linkBitsThere: number;
  readonly idleElectricityUsd: number;
  readonly idleEnergyKwh: number;
  readonly idleCarbonGrams: number;
}

export const NO_USAGE: Usage = {
  gpuSecondsHeld: 0,
  gpuSecondsThere: 0,
  linkBitsReserved: 0,
  linkBitsThere: 0,
  idleElectricityUsd: 0,
  idleEnergyKwh: 0,
  idleCarbonGrams: 0,
};

export interface UsageMeter {
  /** Between two instants the ledger did not change. */
  elapse(ledger: Ledger, fromSeconds: number, toSeconds: number): void;
  /** A job ended now: what was measured so far counts. */
  mark(): void;
  readonly usage: () => Usage;
}

export function createUsageMeter(): UsageMeter {
  const now = { ...NO_USAGE };
  let marked = { ...now };
  return {
    elapse(ledger, fromSeconds, toSeconds) {
      const { fleet, freeGpus, reservedBitsPerSecond } = ledger;
      const seconds = toSeconds - fromSeconds;
      if (seconds <= 0) return;
      let [held, there] = [0, 0];
      for (const [index, region] of fleet.regions.entries()) {
        const idle = freeGpus[index]!;
        held += region.gpus - idle;
        // Fewer than none where a region has shrunk under its jobs: what they still hold is still there.
        there += Math.max(region.gpus, region.gpus - idle);
        if (idle <= 0) continue;
        const watts = idle * idleFacilityWatts(region);
        now.idleEnergyKwh += (watts * seconds) / JOULES_PER_KWH;
        now.idleElectricityUsd += perKwh(region.tariff, watts, fromSeconds, toSeconds);
        if (region.carbon) now.idleCarbonGrams += perKwh(region.carbon, watts, fromSeconds, toSeconds);
      }
      now.gpuSecondsHeld += seconds * held;
      now.gpuSecondsThere += seconds * there;
      now.linkBitsReserved += seconds * sum(reservedBitsPerSecond);
      now.linkBitsThere += seconds * sum(topologyOf(fleet).bandwidthBitsPerSecond);
    },
    mark() {
      marked = { ...now };
    },
    usage: () => marked,
  };
}

function sum(values: Float64Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
