// A typed client of the API: one call per route that people use. What the service refuses is thrown as an ApiError.
import type { z } from "zod";
import type {
  decisionListSchema,
  Explained,
  JobView,
  jobListSchema,
  Problem,
  planSchema,
  RegionList,
  ServiceView,
  Submitted,
} from "./api/types.ts";
import type { JobFile } from "./submission.ts";

/** The service's answer to a request that it refused. */
export class ApiError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

export interface Client {
  health(): Promise<{ readonly status: "ok" }>;
  service(): Promise<ServiceView>;
  jobs(): Promise<z.infer<typeof jobListSchema>>;
  job(id: string): Promise<JobView>;
  submit(file: JobFile): Promise<Submitted>;
  cancel(id: string): Promise<JobView>;
  explain(id: string): Promise<Explained>;
  plan(file: JobFile): Promise<z.infer<typeof planSchema>>;
  regions(): Promise<RegionList>;
  decisions(afterSeq?: number): Promise<z.infer<typeof decisionListSchema>>;
}

/**
 * @param url of the service, such as http://127.0.0.1:7420
 * @param send makes a request; tests give the app's own
 */
export function createClient(url: string, send: typeof fetch = fetch): Client {
  const call = async <T>(path: string, body?: object): Promise<T> => {
    const init = body && {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    };
    const response = await send(new URL(path, url), init);
    if (!response.ok) throw new ApiError(await problemOf(response));
    return (await response.json()) as T;
  };
  const job = (id: string) => `/v1/jobs/${encodeURIComponent(id)}`;
  return {
    health: () => call("/healthz"),
    service: () => call("/v1/service"),
    jobs: () => call("/v1/jobs"),
    job: (id) => call(job(id)),
    submit: (file) => call("/v1/jobs", file),
    cancel: (id) => call(`${job(id)}/cancel`, {}),
    explain: (id) => call(`${job(id)}/explain`),
    plan: (file) => call("/v1/plan", file),
    regions: () => call("/v1/regions"),
    decisions: (afterSeq = 0) => call(`/v1/decisions?after=${afterSeq}`),
  };
}

/** What the service says of its refusal, or, where something else answered, what can be said about that. */
async function problemOf(response: Response): Promise<Problem> {
  const { status, statusText: title } = response;
  if (response.headers.get("content-type")?.startsWith("application/problem+json")) {
    return (await response.json()) as Problem;
  }
  const detail = `${response.url} answered ${status} ${title}: is it this service?`;
  return { type: "about:blank", title, status, detail, code: "not-this-service" };
}
