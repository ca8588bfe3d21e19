// The door: who is it, may they do this, and have they not asked too often? What a route needs is in routes.ts.
//
// A token is looked at before any limit: whoever has a good one is not kept out by somebody else's bad ones from the same
// address. Bad ones are then no longer answered one by one (429), nor written down (audit.ts).
// A tenant's token is told of jobs of others what everybody is told of jobs that there are not.
import type { State } from "@bace-pipe/core";
import type { Context, MiddlewareHandler } from "hono";
import { matchedRoutes } from "hono/route";
import type { ApiEnv } from "../api/context.ts";
import { unknownJob } from "../api/context.ts";
import { ProblemError } from "../problem.ts";
import { type Buckets, createBuckets } from "./bucket.ts";
import { ANYBODY, type Identity, may, type Scope, seesJob } from "./identity.ts";
import type { Access } from "./open-access.ts";
import { type Needed, ROUTES, routeOf } from "./routes.ts";
import { bearerOf } from "./token.ts";
import type { Refused } from "./tokens.ts";

/** Of one token: a hundred dashboards, or a script that submits ten thousand jobs at once. */
const REQUESTS = { perSecond: 200, burst: 12_000 };
/** Without a good token, of one address. */
const FAILURES = { perSecond: 0.2, burst: 20 };
/** Of the ranks of one job at one address: several thousand that ask five times a second. */
const REPORTS = { perSecond: 20_000, burst: 40_000 };

export interface GuardOptions {
  /** Without it nobody needs a token, and nothing is limited. */
  readonly access: Access | undefined;
  readonly state: () => State;
  /** Of any origin; never runs backwards. */
  readonly monotonicSeconds: () => number;
}

export function guard({ access, monotonicSeconds, state }: GuardOptions): MiddlewareHandler<ApiEnv> {
  const requests = createBuckets(REQUESTS, monotonicSeconds);
  const failures = createBuckets(FAILURES, monotonicSeconds);
  const reports = createBuckets(REPORTS, monotonicSeconds);

  const identify = (c: Context<ApiEnv>, scope: Scope): Identity => {
    const header = c.req.header("authorization");
    if (!access || (access.open && header === undefined)) return ANYBODY;
    const text = bearerOf(header);
    const found = text === undefined ? "none" : access.tokens.check(text);
    if (typeof found !== "string") return found;
    limit(failures, remoteOf(c));
    throw unauthorized(found, scope);
  };

  return async (c, next) => {
    const route = routeNameOf(c);
    if (route === undefined) return next(); // unknown: it will be said
    const needed: Needed | undefined = ROUTES[route];
    if (!needed) throw new Error(`${route} is not in the table of access/routes.ts`);
    if (needed.kind === "launch" && access) {
      const jobId = c.req.path.split("/")[3]!;
      // Made-up names share one bucket, or each would bring a new one along.
      limit(reports, `${remoteOf(c)} ${state().jobs.has(jobId) ? jobId : ""}`);
    }
    if (needed.kind === "scope") {
      const { cost, everyTenant, scope } = needed;
      const identity = identify(c, scope);
      c.set("identity", identity);
      if (access && identity !== ANYBODY) limit(requests, identity.id, cost);
      if (!may(identity, scope))
        throw forbidden(`"${identity.name}" does not have the scope ${scope}`, scope);
      if (everyTenant && identity.tenant !== null)
        throw forbidden(`this needs a token that is bound to no tenant, with the scope ${scope}`, scope);
      const jobId = jobIdOf(c.req.path);
      if (jobId !== undefined) {
        c.set("jobIds", [jobId]);
        const known = state().jobs.get(jobId);
        if (known && !seesJob(identity, known)) throw unknownJob(jobId);
      }
    }
    return next();
  };
}

/** As in the table; undefined where no route takes the request. */
export function routeNameOf(c: Context): string | undefined {
  const route = matchedRoutes(c).find(({ method }) => method !== "ALL");
  return route && routeOf(c.req.method, route.path);
}

/** Address of the other end; empty where there is none, in tests. A proxy's word for somebody else is not taken. */
export function remoteOf({ env }: Context): string {
  const { incoming } = (env ?? {}) as {
    readonly incoming?: { readonly socket?: { remoteAddress?: string } };
  };
  return incoming?.socket?.remoteAddress ?? "";
}

function jobIdOf(path: string): string | undefined {
  const part = /^\/v1\/jobs\/([^/]+)/.exec(path)?.[1];
  if (part === undefined) return undefined;
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function limit(buckets: Buckets, key: string, cost?: number): void {
  const waitSeconds = Math.ceil(buckets.take(key, cost));
  if (waitSeconds === 0) return;
  const headers = { "Retry-After": String(waitSeconds) };
  throw new ProblemError("rate-limited", `ask again in ${waitSeconds} s`, undefined, { headers });
}

function unauthorized(found: Refused | "none", scope: Scope): ProblemError {
  const how = `a token with the scope ${scope} as "Authorization: Bearer TOKEN"`;
  if (found === "none") {
    const headers = { "WWW-Authenticate": 'Bearer realm="bace-pipe"' };
    return new ProblemError("no-token", `send ${how}`, undefined, { headers, scope });
  }
  const headers = { "WWW-Authenticate": 'Bearer realm="bace-pipe", error="invalid_token"' };
  const why = { "not-a-token": "that is none", unknown: "nobody knows it", revoked: "it was revoked" };
  const detail = `${found === "expired" ? "it has expired" : why[found]}: send ${how}`;
  return new ProblemError("bad-token", detail, undefined, { headers, scope });
}

function forbidden(detail: string, scope: Scope): ProblemError {
  const headers = {
    "WWW-Authenticate": `Bearer realm="bace-pipe", error="insufficient_scope", scope="${scope}"`,
  };
  return new ProblemError("missing-scope", detail, undefined, { headers, scope });
}
