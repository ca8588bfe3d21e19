// The policies that an experiment compares, by the name that its report gives them: the registry's, baselines in their
// lenient form, and `bace-plus` without one of its ideas at a time.
import { bacePlusPolicy } from "../scheduler/plus/index.ts";
import type { PlusOptions } from "../scheduler/plus/options.ts";
import type { Policy } from "../scheduler/policy.ts";
import { createPolicy, isPolicyName, type PolicyOverrides } from "../scheduler/registry.ts";
import { BASELINES } from "./directions.ts";

/** Jobs behind one that has to wait may start, and any count from the least upwards will do. */
const LENIENT = { queue: "skip", start: "minimum" } as const;
export const LENIENT_BASELINES = BASELINES.map((name) => `${name}-lenient`);

/** What each row of the ablation leaves out of `bace-plus`. */
export const PLUS_ABLATIONS: Readonly<Record<string, Partial<PlusOptions>>> = {
  "plus-no-hiding": { hideLatency: false },
  "plus-no-waiting": { waitGain: 0 },
  "plus-no-patience": { patience: 0 },
  "plus-price-now": { horizonPrices: false },
  "plus-no-deferral": { deferral: false },
  "plus-time-only": { costWeight: 0 },
  "plus-beam": { exactRegions: 1 },
  "plus-formula": { finalists: 1 },
};

export function contender(name: string, overrides: PolicyOverrides): Policy {
  if (isPolicyName(name)) return createPolicy(name, overrides);
  const ablation = PLUS_ABLATIONS[name];
  if (ablation) return bacePlusPolicy({ ...overrides["bace-plus"], ...ablation }, name);
  const baseline = BASELINES.find((each) => name === `${each}-lenient`);
  if (!baseline) throw new Error(`there is no contender "${name}"`);
  return createPolicy(baseline, { [baseline]: { ...overrides[baseline], ...LENIENT } });
}
