// What a placement is worth to `bace-plus`: its time, money and carbon, each as a multiple of what the job would take on
// its ideal placement, weighted. Sums and not products, so that negative prices order as they should.
//   score = wt·T/T₀ + wc·USD/USD₀ + wk·CO₂/CO₂₀

import type { Job } from "../../cost/job.ts";
import { egressUsd } from "../../cost/money.ts";
import { busyFacilityWatts, type Fleet } from "../../fleet/fleet.ts";
import type { Placement } from "../../fleet/ledger.ts";
import { JOULES_PER_KWH } from "../../units.ts";
import type { View } from "../policy.ts";
import { idealOf } from "../target.ts";
import { expectedMean } from "./forecast.ts";
import type { PlusOptions } from "./options.ts";

export interface Worth {
  readonly runSeconds: number;
  readonly usd: number;
  readonly carbonGrams: number;
  readonly score: number;
}

export interface Valuer {
  /** USD and grams per second of one busy GPU of a region, over the time that the job is expected to run; grams where they count. */
  readonly usdPerSecond: Float64Array;
  readonly gramsPerSecond: Float64Array;
  /** Of the ideal placement. */
  readonly idealUsd: number;
  readonly idealGrams: number;
  score(runSeconds: number, usd: number, carbonGrams: number): number;
  /** Of a placement whose run time is known, starting at `startSeconds`. */
  worth(placement: Placement, runSeconds: number, startSeconds: number): Worth;
}

export function valuerOf(job: Job, view: View, options: PlusOptions): Valuer {
  const { ledger, nowSeconds } = view;
  const { fleet } = ledger;
  const { carbonWeight, costWeight, horizonPrices, timeWeight } = options;
  const ideal = idealOf(job, fleet);
  const idealSeconds = job.iterations * ideal.bestSeconds;
  const horizonSeconds = horizonPrices ? idealSeconds : 0;
  const usdPerSecond = perGpuSecond(fleet, (region) =>
    expectedMean(region.tariff, nowSeconds, nowSeconds, nowSeconds + horizonSeconds),
  );
  const gramsPerSecond = perGpuSecond(fleet, (region) =>
    carbonWeight !== 0 && region.carbon
      ? expectedMean(region.carbon, nowSeconds, nowSeconds, nowSeconds + horizonSeconds)
      : 0,
  );
  const gpuSeconds = idealSeconds * ideal.bestGpus;
  const idealUsd = gpuSeconds * meanOf(usdPerSecond);
  const idealGrams = gpuSeconds * meanOf(gramsPerSecond);

  const score = (runSeconds: number, usd: number, carbonGrams: number): number =>
    (timeWeight * runSeconds) / idealSeconds +
    (costWeight * usd) / (idealUsd > 0 ? idealUsd : 1) + // where electricity is free, egress still costs
    (idealGrams > 0 ? (carbonWeight * carbonGrams) / idealGrams : 0);

  return {
    usdPerSecond,
    gramsPerSecond,
    idealUsd,
    idealGrams,
    score,
    worth(placement, runSeconds, startSeconds) {
      const end = startSeconds + (horizonPrices ? runSeconds : 0);
      let [usd, carbonGrams] = [egressUsd(job, fleet, placement.regions), 0];
      placement.regions.forEach((index, i) => {
        const region = fleet.regions[index]!;
        const kwh = (placement.gpus[i]! * busyFacilityWatts(region) * runSeconds) / JOULES_PER_KWH;
        usd += kwh * expectedMean(region.tariff, nowSeconds, startSeconds, end);
        if (region.carbon) carbonGrams += kwh * expectedMean(region.carbon, nowSeconds, startSeconds, end);
      });
      return {
        runSeconds,
        usd,
        carbonGrams,
        score: score(runSeconds, usd, carbonGrams),
      };
    },
  };
}

function perGpuSecond(fleet: Fleet, perKwh: (region: Fleet["regions"][number]) => number): Float64Array {
  return Float64Array.from(
    fleet.regions,
    (region) => (busyFacilityWatts(region) * perKwh(region)) / JOULES_PER_KWH,
  );
}

/** Of absolute values: what "usual" is must stay positive where prices are not. */
function meanOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + Math.abs(value), 0) / values.length;
}
