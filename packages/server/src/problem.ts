// Everything the API can refuse, by its stable code (RFC 9457, application/problem+json). Handlers throw a ProblemError;
// the app turns it into the answer.
import type { Diagnostic } from "@bace-pipe/core/spec";
import type { Problem } from "./api/schemas/problem.ts";

export const PROBLEMS = {
  "invalid-request": { status: 400, title: "The request is not what this route takes." },
  "no-token": { status: 401, title: "This needs a token of the service." },
  "bad-token": { status: 401, title: "This is no token of the service, or no longer one." },
  "missing-scope": { status: 403, title: "The token does not allow this." },
  "wrong-tenant": { status: 403, title: "The token is another tenant's." },
  "wrong-launch-key": { status: 403, title: "This is not the secret of the launch." },
  "unknown-route": { status: 404, title: "There is no such route." },
  "unknown-region": { status: 404, title: "There is no such region." },
  "unknown-job": { status: 404, title: "There is no such job." },
  "unknown-epoch": { status: 404, title: "The job has had no such epoch." },
  "unknown-token": { status: 404, title: "There is no such token." },
  "unknown-rank": { status: 404, title: "The launch has no such rank." },
  "name-taken": { status: 409, title: "Another job has this name." },
  "world-moved": { status: 409, title: "The queue or the fleet is not what the plan was made for." },
  "queue-full": { status: 409, title: "The tenant has as many jobs in the queue as it may." },
  "stale-epoch": { status: 409, title: "The epoch is not the job's current one." },
  "data-mismatch": { status: 409, title: "The ranks do not have the same training data." },
  "gang-cancelled": { status: 410, title: "The epoch has been given up, or is over." },
  "body-too-large": { status: 413, title: "The body is too large." },
  "unsupported-media-type": { status: 415, title: "The body is not JSON." },
  "wrong-host": { status: 421, title: "The service does not go by this name." },
  "invalid-job": { status: 422, title: "The job file is wrong." },
  "invalid-input": { status: 422, title: "A figure that was said of the fleet cannot be." },
  "key-reused": { status: 422, title: "The key came with another request before." },
  "rate-limited": { status: 429, title: "Too many requests." },
  internal: { status: 500, title: "The service has a defect." },
  "standing-by": { status: 503, title: "Another instance of the service is the active one, or none is." },
  "store-failed": { status: 503, title: "The log could not be written." },
  stopping: { status: 503, title: "The service is stopping." },
} as const;

export type ProblemCode = keyof typeof PROBLEMS;

export interface ProblemMore extends Pick<Problem, "scope" | "revision"> {
  readonly headers?: Readonly<Record<string, string>>;
}

export class ProblemError extends Error {
  readonly problem: Problem;
  /** Of the answer. */
  readonly headers: Readonly<Record<string, string>>;

  /** @param detail what is wrong with this request, and what to do about it. */
  constructor(
    code: ProblemCode,
    detail: string,
    diagnostics?: readonly Diagnostic[],
    more: ProblemMore = {},
  ) {
    super(detail);
    const { status, title } = PROBLEMS[code];
    const { headers = {}, ...fields } = more;
    const base = { type: `urn:bace-pipe:problem:${code}`, title, status, detail, code, ...fields };
    this.problem = diagnostics ? { ...base, diagnostics: [...diagnostics] } : base;
    this.headers = headers;
  }
}
