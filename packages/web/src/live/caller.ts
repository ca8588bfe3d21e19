// Who looks, as the service knows them. What it would refuse them is not offered.
import { useSyncExternalStore } from "react";
import { ask, PATHS, type ServiceView } from "../api.ts";

export type Caller = ServiceView["caller"];

let caller: Caller | undefined;
const listeners = new Set<() => void>();

const RETRY_MS = 5000;

/** After each connection: the token may be another one by then. Until it is known nothing can be done, so it is asked again. */
export async function askCaller(signal: AbortSignal): Promise<void> {
  const service = await ask<ServiceView>(PATHS.service, signal).catch(() => undefined);
  if (signal.aborted) return;
  if (!service) setTimeout(() => void askCaller(signal), RETRY_MS);
  caller = service?.caller;
  for (const listener of listeners) listener();
}

/** undefined as long as it is not known. */
export function useCaller(): Caller | undefined {
  return useSyncExternalStore(subscribe, () => caller);
}

/** @param ofAll what is changed belongs to all tenants. @returns why the service would refuse it; "" where it would not */
export function whyNot(
  asking: Caller | undefined,
  scope: Caller["scopes"][number],
  { ofAll = false }: { readonly ofAll?: boolean } = {},
): string {
  if (!asking) return "It is not known yet what your token allows.";
  const { name, scopes, tenant } = asking;
  if (!scopes.includes(scope) && !scopes.includes("admin"))
    return `Your token “${name}” is for ${scopes.join(" and ")} alone.`;
  if (ofAll && tenant !== null) return `Regions belong to all, and your token “${name}” to tenant ${tenant}.`;
  return "";
}

function subscribe(changed: () => void): () => void {
  listeners.add(changed);
  return () => listeners.delete(changed);
}
