// What the dashboard asks the service: paths, and answers that are known good or an error. Paths are relative, so the
// page works under any address that also serves /v1.
import type { Problem } from "@bace-pipe/server/api-types";
import { authorization } from "./token.ts";

export type {
  Changes,
  Explained,
  HopView,
  JobLogs,
  JobSteps,
  JobTimeline,
  JobView,
  LoadView,
  PlacementView,
  PlanView,
  Problem,
  QueueEntry,
  QueueView,
  RegionList,
  RegionView,
  SeriesView,
  ServiceView,
  Submitted,
  Totals,
  Used,
} from "@bace-pipe/server/api-types";

export const PATHS = {
  service: "v1/service",
  live: "v1/live",
  totals: "v1/totals",
  plan: "v1/plan",
  queue: "v1/queue",
  jobs: "v1/jobs",
  job: (jobId: string) => `v1/jobs/${encodeURIComponent(jobId)}`,
  /** `explain`, `cancel`, `hold`, … */
  ofJob: (jobId: string, what: string) => `v1/jobs/${encodeURIComponent(jobId)}/${what}`,
  ofRegion: (region: string, what: string) => `v1/regions/${encodeURIComponent(region)}/${what}`,
} as const;

/** Longer than the service thinks. A line that was cut without a word would be waited for without end. */
const TIMEOUT_MS = 30_000;

/** The service answered, and refused. Anything else that goes wrong means that no service was reached. */
export class RefusedError extends Error {
  /** Of the answer: 401 is for want of a token. */
  readonly status: number;
  /** Set where the service says what is wrong. */
  readonly problem: Problem | undefined;

  constructor(message: string, status: number, problem?: Problem) {
    super(message);
    this.status = status;
    this.problem = problem;
  }
}

/** @throws RefusedError with what the service says of it, or any other error if there is no service */
export async function ask<T>(path: string, signal: AbortSignal): Promise<T> {
  return request<T>(path, {}, signal);
}

/** @throws as `ask` */
export async function post<T>(
  path: string,
  body: unknown = {},
  more: Readonly<Record<string, string>> = {},
): Promise<T> {
  const headers = { "Content-Type": "application/json", ...more };
  return request<T>(path, { method: "POST", headers, body: JSON.stringify(body) });
}

async function request<T>(path: string, init: RequestInit, given?: AbortSignal): Promise<T> {
  const late = AbortSignal.timeout(TIMEOUT_MS);
  const signal = given ? AbortSignal.any([given, late]) : late;
  const headers = { Accept: "application/json", ...init.headers, ...authorization() };
  const response = await fetch(path, { ...init, headers, signal });
  if (response.ok) return (await response.json()) as T;
  throw await refusal(path, response);
}

/** The error that an answer is. */
export async function refusal(path: string, response: Response): Promise<Error> {
  if (!response.headers.get("content-type")?.startsWith("application/problem+json"))
    return new Error(`${path} answered ${response.status} ${response.statusText}`);
  const problem = (await response.json()) as Problem;
  return new RefusedError(`${problem.title} ${problem.detail}`, response.status, problem);
}
