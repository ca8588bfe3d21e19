// What each route asks of whoever calls it: one table. A route without an entry is refused, and a test says so first.
//   public    nothing
//   launch    the launch key of the epoch, in the body: checked by gate.ts
//   a scope   a token that has it; `everyTenant`: one that is bound to no tenant, since the route shows or changes
//             what belongs to all
// A token that is bound to a tenant finds jobs of others neither here nor there: see guard.ts.
import type { Scope } from "./identity.ts";

export type Needed =
  | { readonly kind: "public" }
  | { readonly kind: "launch" }
  | {
      readonly kind: "scope";
      readonly scope: Scope;
      readonly everyTenant: boolean;
      /** In ordinary requests, where the scheduler has to be asked. */
      readonly cost?: number;
    };

const PUBLIC: Needed = { kind: "public" };
const LAUNCH: Needed = { kind: "launch" };
const own = (scope: Scope, cost = 1): Needed => ({ kind: "scope", scope, everyTenant: false, cost });
const all = (scope: Scope): Needed => ({ kind: "scope", scope, everyTenant: true });

/** By method and path as in the OpenAPI document; the dashboard's files and the document itself are not in there. */
export const ROUTES: Readonly<Record<string, Needed>> = {
  "GET /": PUBLIC,
  "GET /assets/*": PUBLIC,
  "GET /openapi.json": PUBLIC,
  "GET /docs": PUBLIC,
  "GET /healthz": PUBLIC,
  "GET /readyz": PUBLIC,
  "GET /metrics": all("read"),
  "GET /v1/service": own("read"),
  "GET /v1/jobs": own("read"),
  "POST /v1/jobs": own("submit"),
  "GET /v1/jobs/{id}": own("read"),
  "GET /v1/jobs/{id}/explain": own("read", 20),
  "GET /v1/jobs/{id}/steps": own("read", 5),
  "GET /v1/jobs/{id}/timeline": own("read", 20),
  "GET /v1/jobs/{id}/logs": own("read", 5),
  "POST /v1/jobs/{id}/cancel": own("submit"),
  "POST /v1/jobs/{id}/hold": own("operate"),
  "POST /v1/jobs/{id}/release": own("operate"),
  "POST /v1/plan": own("read", 100),
  "GET /v1/queue": own("read", 20),
  "GET /v1/totals": own("read", 5),
  "GET /v1/regions": own("read"),
  "GET /v1/regions/{name}/series": own("read"),
  "POST /v1/regions/{name}/cordon": all("operate"),
  "POST /v1/regions/{name}/uncordon": all("operate"),
  "POST /v1/regions/{name}/drain": all("operate"),
  "GET /v1/inputs": all("read"),
  "POST /v1/inputs": all("operate"),
  "GET /v1/decisions": own("read"),
  "GET /v1/report": own("read", 20),
  "GET /v1/events": own("read"),
  "GET /v1/live": own("read"),
  "GET /v1/log": all("admin"),
  "GET /v1/audit": all("admin"),
  "GET /v1/tokens": all("admin"),
  "POST /v1/tokens": all("admin"),
  "POST /v1/tokens/{id}/revoke": all("admin"),
  "POST /v1/launches/{jobId}/{epoch}/rendezvous": LAUNCH,
  "POST /v1/launches/{jobId}/{epoch}/telemetry": LAUNCH,
};

/** A router's path (`/v1/jobs/:id`) as the OpenAPI document has it. */
export function routeOf(method: string, path: string): string {
  return `${method === "HEAD" ? "GET" : method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`;
}

/** Whether a request that succeeds is written into the audit log: it changed something, or gave secrets of launches out. */
export function isNoted(method: string, route: string): boolean {
  const needed = ROUTES[route];
  if (needed?.kind !== "scope") return false;
  return route === "GET /v1/log" || (method !== "GET" && method !== "HEAD" && needed.scope !== "read");
}
