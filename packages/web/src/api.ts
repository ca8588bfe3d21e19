// What the dashboard asks the service: paths, and answers that are known good or an error. Paths are relative, so the
// page works under any address that also serves /v1.
import type { JobView, Problem } from "@bace-pipe/server/api-types";
import { authorization } from "./token.ts";

export type {
  Explained,
  JobView,
  PlacementView,
  RegionList,
  RegionView,
} from "@bace-pipe/server/api-types";

export interface JobList {
  readonly jobs: readonly JobView[];
}

export const PATHS = {
  regions: "v1/regions",
  jobs: "v1/jobs",
  explain: (jobId: string) => `v1/jobs/${encodeURIComponent(jobId)}/explain`,
} as const;

/** The service answered, and refused. Anything else that goes wrong means that no service was reached. */
export class RefusedError extends Error {
  /** Of the answer: 401 is for want of a token. */
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

/** @throws RefusedError with what the service says of it, or any other error if there is no service */
export async function ask<T>(path: string, signal: AbortSignal): Promise<T> {
  const response = await fetch(path, { signal, headers: { Accept: "application/json", ...authorization() } });
  if (response.ok) return (await response.json()) as T;
  if (response.headers.get("content-type")?.startsWith("application/problem+json")) {
    const { title, detail } = (await response.json()) as Problem;
    throw new RefusedError(`${title} ${detail}`, response.status);
  }
  throw new Error(`${path} answered ${response.status} ${response.statusText}`);
}
