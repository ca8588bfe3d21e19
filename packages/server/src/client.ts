// A typed client of the API: one call per route that people use. What the service refuses is thrown as an ApiError.
import type { z } from "zod";
import type { decisionListSchema, Explained, planSchema } from "./api/schemas/decisions.ts";
import type { InputsReply, InputsRequest } from "./api/schemas/inputs.ts";
import type { JobView, jobListSchema, Submitted } from "./api/schemas/jobs.ts";
import type { JobLogs } from "./api/schemas/launch-logs.ts";
import type { Problem } from "./api/schemas/problem.ts";
import type { QueueView } from "./api/schemas/queue.ts";
import type { RegionList, RegionView } from "./api/schemas/regions.ts";
import type { Report } from "./api/schemas/report.ts";
import type { ServiceView } from "./api/schemas/service.ts";
import type { JobSteps } from "./api/schemas/steps.ts";
import type { JobTimeline } from "./api/schemas/timeline.ts";
import type { NewToken, TokenView, tokenRequestSchema } from "./api/schemas/tokens.ts";
import type { Totals } from "./api/schemas/totals.ts";
import type { LogPage } from "./store/backup.ts";
import type { JobFile } from "./submission.ts";

/** The service's answer to a request that it refused. */
export class ApiError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

export interface JobQuery {
  readonly limit?: number;
  readonly after?: string;
  readonly phase?: JobView["phase"];
  readonly tenant?: string;
}

export interface LogsQuery {
  readonly region?: string | undefined;
  readonly epoch?: number | undefined;
  /** Of each region, at most. */
  readonly bytes?: number | undefined;
  /** `next` of an earlier answer. */
  readonly after?: string | undefined;
}

export interface SubmitOptions {
  /** The same key with the same file gets the same answer. */
  readonly key?: string;
  /** Of the plan that this carries out. */
  readonly ifRevision?: number;
}

export interface Client {
  health(): Promise<{ readonly status: "ok" }>;
  service(): Promise<ServiceView>;
  jobs(query?: JobQuery): Promise<z.infer<typeof jobListSchema>>;
  job(id: string): Promise<JobView>;
  submit(file: JobFile, options?: SubmitOptions): Promise<Submitted>;
  cancel(id: string): Promise<JobView>;
  explain(id: string): Promise<Explained>;
  /** @param query `points`: at most so many; `after`: `next` of an earlier answer */
  steps(id: string, query?: { readonly points?: number; readonly after?: number }): Promise<JobSteps>;
  timeline(id: string): Promise<JobTimeline>;
  logs(id: string, query?: LogsQuery): Promise<JobLogs>;
  plan(file: JobFile): Promise<z.infer<typeof planSchema>>;
  queue(): Promise<QueueView>;
  totals(): Promise<Totals>;
  regions(): Promise<RegionList>;
  operate(region: string, verb: "cordon" | "uncordon" | "drain"): Promise<RegionView>;
  hold(id: string): Promise<JobView>;
  release(id: string): Promise<JobView>;
  setInputs(inputs: InputsRequest): Promise<InputsReply>;
  /** @param jobId all jobs without it */
  report(jobId?: string): Promise<Report>;
  decisions(afterSeq?: number): Promise<z.infer<typeof decisionListSchema>>;
  tokens(): Promise<{ readonly tokens: readonly TokenView[] }>;
  createToken(request: z.input<typeof tokenRequestSchema>): Promise<NewToken>;
  revokeToken(id: string): Promise<TokenView>;
  /** Events with a greater seq, some at a time; with the secrets of launches. */
  log(afterSeq: number): Promise<LogPage>;
}

/**
 * @param url of the service, such as http://127.0.0.1:7420
 * @param send makes a request; tests give the app's own
 * @param token of the service; none where it needs none
 */
export function createClient(url: string, send: typeof fetch = fetch, token?: string): Client {
  const authorization = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  const call = async <T>(path: string, body?: object, headers: Record<string, string> = {}): Promise<T> => {
    // A service sends nobody elsewhere: whoever does is none, and does not get the caller's token and job there.
    const redirect = "manual" as const;
    const init = body
      ? {
          redirect,
          method: "POST",
          headers: { "Content-Type": "application/json", ...authorization, ...headers },
          body: JSON.stringify(body),
        }
      : { redirect, headers: authorization };
    const response = await send(new URL(path, url), init);
    if (!response.ok) throw new ApiError(await problemOf(response));
    if (!isOfType(response, "application/json")) throw new ApiError(otherThan(response));
    return (await response.json()) as T;
  };
  const job = (id: string) => `/v1/jobs/${encodeURIComponent(id)}`;
  return {
    health: () => call("/healthz"),
    service: () => call("/v1/service"),
    jobs: (query = {}) => call(withQuery("/v1/jobs", query)),
    job: (id) => call(job(id)),
    submit: (file, { ifRevision, key } = {}) =>
      call(
        "/v1/jobs",
        ifRevision === undefined ? file : { ...file, ifRevision },
        key === undefined ? {} : { "Idempotency-Key": key },
      ),
    cancel: (id) => call(`${job(id)}/cancel`, {}),
    explain: (id) => call(`${job(id)}/explain`),
    steps: (id, query = {}) => call(withQuery(`${job(id)}/steps`, query)),
    timeline: (id) => call(`${job(id)}/timeline`),
    logs: (id, query = {}) => call(withQuery(`${job(id)}/logs`, query)),
    plan: (file) => call("/v1/plan", file),
    queue: () => call("/v1/queue"),
    totals: () => call("/v1/totals"),
    regions: () => call("/v1/regions"),
    operate: (region, verb) => call(`/v1/regions/${encodeURIComponent(region)}/${verb}`, {}),
    hold: (id) => call(`${job(id)}/hold`, {}),
    release: (id) => call(`${job(id)}/release`, {}),
    setInputs: (inputs) => call("/v1/inputs", inputs),
    log: (afterSeq) => call(`/v1/log?after=${afterSeq}`),
    report: (jobId) =>
      call(jobId === undefined ? "/v1/report" : `/v1/report?${new URLSearchParams({ job: jobId })}`),
    decisions: (afterSeq = 0) => call(`/v1/decisions?after=${afterSeq}`),
    tokens: () => call("/v1/tokens"),
    createToken: (request) => call("/v1/tokens", request),
    revokeToken: (id) => call(`/v1/tokens/${encodeURIComponent(id)}/revoke`, {}),
  };
}

function withQuery(path: string, query: object): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const fields = given.map(([name, value]) => [name, String(value)] as const);
  const text = new URLSearchParams(Object.fromEntries(fields)).toString();
  return text === "" ? path : `${path}?${text}`;
}

/** What the service says of its refusal, or, where something else answered, what can be said about that. */
async function problemOf(response: Response): Promise<Problem> {
  if (!isOfType(response, "application/problem+json")) return otherThan(response);
  const problem: unknown = await response.json().catch(() => undefined);
  return isProblem(problem) ? problem : otherThan(response);
}

function isOfType({ headers }: Response, type: string): boolean {
  return headers.get("content-type")?.startsWith(type) ?? false;
}

function isProblem(value: unknown): value is Problem {
  if (typeof value !== "object" || value === null) return false;
  const { code, detail, status } = value as Partial<Record<keyof Problem, unknown>>;
  return typeof code === "string" && typeof detail === "string" && typeof status === "number";
}

function otherThan({ status, statusText: title, url }: Response): Problem {
  const detail = `${url} answered ${status} ${title}: is it this service?`;
  return { type: "about:blank", title, status, detail, code: "not-this-service" };
}
