// Every policy by its name, made with its defaults or with some of its options changed. A new policy is one file and
// one line here.
import { bacePolicy } from "./bace/index.ts";
import type { BaceOptions } from "./bace/options.ts";
import { crLcfPolicy, crLdfPolicy } from "./baselines/cross-region.ts";
import type { BaselineOptions } from "./baselines/options.ts";
import { easyPolicy, fcfsPolicy, srptPolicy } from "./baselines/reference.ts";
import { lcfPolicy, ldfPolicy } from "./baselines/single-region.ts";
import { bacePlusPolicy } from "./plus/index.ts";
import type { PlusOptions } from "./plus/options.ts";
import type { Policy } from "./policy.ts";

const without =
  (part: string, change: Partial<BaceOptions>) =>
  (options: Partial<BaceOptions> = {}) =>
    bacePolicy({ ...options, ...change }, `bace-no-${part}`, `BACE-Pipe without its ${part} (ablation)`);

export interface PolicyOptions {
  bace: BaceOptions;
  "bace-no-priority": BaceOptions;
  "bace-no-pathfinder": BaceOptions;
  "bace-no-costmin": BaceOptions;
  lcf: BaselineOptions;
  ldf: BaselineOptions;
  "cr-lcf": BaselineOptions;
  "cr-ldf": BaselineOptions;
  fcfs: BaceOptions;
  srpt: BaceOptions;
  easy: BaceOptions;
  "bace-plus": PlusOptions;
}

export type PolicyName = keyof PolicyOptions;

/** Of the service. */
export const DEFAULT_POLICY: PolicyName = "bace-plus";

export const POLICIES: { readonly [Name in PolicyName]: (options?: Partial<PolicyOptions[Name]>) => Policy } =
  {
    bace: bacePolicy,
    lcf: lcfPolicy,
    ldf: ldfPolicy,
    "cr-lcf": crLcfPolicy,
    "cr-ldf": crLdfPolicy,
    "bace-no-priority": without("priority", { order: "fcfs" }),
    "bace-no-pathfinder": without("pathfinder", { pathfinder: "largest-region" }),
    "bace-no-costmin": without("costmin", { allocation: "path-order", trim: false }),
    fcfs: fcfsPolicy,
    srpt: srptPolicy,
    easy: easyPolicy,
    "bace-plus": bacePlusPolicy,
  };

export type PolicyOverrides = { readonly [Name in PolicyName]?: Partial<PolicyOptions[Name]> | undefined };

export function isPolicyName(name: string): name is PolicyName {
  return Object.hasOwn(POLICIES, name);
}

/** A policy with a scenario's options for it. The ablations of BACE-Pipe start from its own. */
export function createPolicy(name: PolicyName, overrides: PolicyOverrides = {}): Policy {
  const base = name.startsWith("bace-no-") ? overrides.bace : undefined;
  const create = POLICIES[name] as (options: object) => Policy;
  return create({ ...base, ...overrides[name] });
}
