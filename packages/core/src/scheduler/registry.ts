// Every policy by its name. A new policy is one file and one line here.
import { bacePolicy } from "./bace/index.ts";
import { crLcfPolicy, crLdfPolicy } from "./baselines/cross-region.ts";
import { lcfPolicy, ldfPolicy } from "./baselines/single-region.ts";
import type { Policy } from "./policy.ts";

export const POLICIES: Readonly<Record<string, () => Policy>> = {
  bace: bacePolicy,
  lcf: lcfPolicy,
  ldf: ldfPolicy,
  "cr-lcf": crLcfPolicy,
  "cr-ldf": crLdfPolicy,
};
