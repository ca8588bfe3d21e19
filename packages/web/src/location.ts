// Where the page is, in the part of the address behind "#": a reload keeps it, it can be sent to somebody, and no server
// sees it. "#/jobs/nightly?tab=logs" is the path ["jobs", "nightly"] with a query.
import { useMemo, useSyncExternalStore } from "react";

export interface Place {
  readonly path: readonly string[];
  readonly query: URLSearchParams;
}

export function usePlace(): Place {
  const hash = useSyncExternalStore(subscribe, () => window.location.hash);
  return useMemo(() => placeOf(hash), [hash]);
}

export function placeOf(hash: string): Place {
  const [path = "", query = ""] = hash.replace(/^#?\/?/, "").split(/\?(.*)/s);
  return { path: path.split("/").filter(Boolean).map(decoded), query: new URLSearchParams(query) };
}

/** For `href`. */
export function addressOf(path: readonly string[], query: Readonly<Record<string, string>> = {}): string {
  const text = new URLSearchParams(query).toString();
  return `#/${path.map(encodeURIComponent).join("/")}${text === "" ? "" : `?${text}`}`;
}

/** Changes the query without a step in the browser's history: for what a person turns and drags. */
export function replaceQuery(query: Readonly<Record<string, string>>): void {
  const { path } = placeOf(window.location.hash);
  window.history.replaceState(null, "", addressOf(path, query));
  window.dispatchEvent(new HashChangeEvent("hashchange"));
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // somebody typed it
  }
}

function subscribe(changed: () => void): () => void {
  window.addEventListener("hashchange", changed);
  return () => window.removeEventListener("hashchange", changed);
}
