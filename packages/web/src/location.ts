// The job whose explanation is open is in the address (#/jobs/ID): a reload keeps it, and it can be sent to somebody.
import { useSyncExternalStore } from "react";

const PREFIX = "#/jobs/";

export function useOpenJob(): string | undefined {
  const hash = useSyncExternalStore(subscribe, () => window.location.hash);
  return hash.startsWith(PREFIX) ? hash.slice(PREFIX.length) : undefined;
}

/** "#/" rather than nothing, which would scroll to the top. Job ids need no escape: letters, digits and hyphens. */
export function addressOf(jobId: string | undefined): string {
  return jobId === undefined ? "#/" : `${PREFIX}${jobId}`;
}

function subscribe(changed: () => void): () => void {
  window.addEventListener("hashchange", changed);
  return () => window.removeEventListener("hashchange", changed);
}
