// Who asks, and what they may do. `admin` may do everything; the other scopes stand for themselves alone.
import type { JobState } from "@bace-pipe/core";

export const SCOPES = ["read", "submit", "operate", "admin"] as const;

export type Scope = (typeof SCOPES)[number];

export interface Identity {
  /** Of the token; "open" where none is needed. */
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Whose jobs alone it sees and touches; null: everybody's. */
  readonly tenant: string | null;
}

/** Everybody, of a service that was asked to be open to its machine. */
export const ANYBODY: Identity = { id: "open", name: "anybody", scopes: ["admin"], tenant: null };

export function may({ scopes }: Identity, scope: Scope): boolean {
  return scopes.includes(scope) || scopes.includes("admin");
}

export function seesTenant({ tenant }: Identity, other: string | undefined): boolean {
  return tenant === null || tenant === other;
}

export function seesJob(identity: Identity, { job }: JobState): boolean {
  return seesTenant(identity, job.tenant);
}
