// Who may use how much of a fleet, and whose jobs go first. Names and terms as in Kubernetes' PriorityClass; quotas bind
// placements, never jobs that run: one that is lowered under a tenant's jobs only keeps the next ones waiting.
import type { Fleet } from "./fleet.ts";

export interface Tenant {
  readonly name: string;
  /** GPUs held at once; no bound where absent. */
  readonly gpuQuota?: number;
  /** Electricity in any 24 hours; no bound where absent. */
  readonly usdPerDayQuota?: number;
  /** Of the fair share: twice the weight, twice the GPU time in the long run. */
  readonly weight: number;
}

export interface PriorityClass {
  readonly name: string;
  /** Greater goes first. */
  readonly value: number;
  /** Whether its jobs may be stopped, with a checkpoint, for jobs of a higher class. */
  readonly preemptible: boolean;
  /** Whether jobs of lower classes are stopped for its jobs. */
  readonly mayPreempt: boolean;
}

/** Of jobs that name no class, or one that the fleet does not have any more: nobody is stopped who was not told. */
export const USUAL_CLASS: PriorityClass = { name: "", value: 0, preemptible: false, mayPreempt: false };

export function classOf(
  { priorityClasses }: Fleet,
  { priorityClass }: { readonly priorityClass?: string },
): PriorityClass {
  if (priorityClass === undefined || !priorityClasses) return USUAL_CLASS;
  return priorityClasses.find(({ name }) => name === priorityClass) ?? USUAL_CLASS;
}

/** A tenant that the fleet does not list has no quota, and weight 1. */
export function tenantOf({ tenants }: Fleet, name: string): Tenant {
  return tenants?.find((tenant) => tenant.name === name) ?? { name, weight: 1 };
}

/** Whether anything at all is to be heeded besides the policy's own order. */
export function hasTenancy({ priorityClasses = [], tenants = [] }: Fleet): boolean {
  return tenants.length > 0 || priorityClasses.length > 0;
}
