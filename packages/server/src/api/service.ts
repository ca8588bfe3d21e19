// Is it there, and what is it: health and the service's own description.
import { createRoute, z } from "@hono/zod-openapi";
import { ProblemError } from "../problem.ts";
import { type ApiContext, type App, jsonOf, problems } from "./context.ts";
import { serviceSchema } from "./schemas/service.ts";

const healthRoute = createRoute({
  method: "get",
  path: "/healthz",
  summary: "Whether the log is replayed and the service takes requests",
  responses: {
    200: { description: "It does", ...jsonOf(z.object({ status: z.literal("ok") })) },
    ...problems("stopping"),
  },
});

const readyRoute = createRoute({
  method: "get",
  path: "/readyz",
  summary: "Whether this instance is the active one: another one stands by",
  responses: {
    200: { description: "It is", ...jsonOf(z.object({ status: z.literal("ready") })) },
    ...problems("standing-by"),
  },
});

const serviceRoute = createRoute({
  method: "get",
  path: "/v1/service",
  summary: "Version, policy and place in the log, and what the caller may do",
  responses: { 200: { description: "The service", ...jsonOf(serviceSchema) } },
});

export function addService(app: App, { writer, policy, timeModel, version }: ApiContext): void {
  app.openapi(healthRoute, (c) => {
    if (!writer.healthy()) throw new ProblemError("stopping", "the writer has ended: see logs/service.log");
    return c.json({ status: "ok" as const }, 200);
  });

  app.openapi(readyRoute, (c) => {
    if (!writer.healthy())
      throw new ProblemError("standing-by", "the writer has ended: see logs/service.log");
    return c.json({ status: "ready" as const }, 200);
  });

  app.openapi(serviceRoute, (c) => {
    const { fleet, seq } = writer.state();
    const nowSeconds = writer.nowSeconds();
    const about = { version, policy: policy.name, timeModel, fleet: fleet?.name ?? null };
    const { name, scopes, tenant } = c.get("identity");
    const caller = { name, tenant, scopes: [...scopes] };
    return c.json({ ...about, seq, nowSeconds, pid: process.pid, caller }, 200);
  });
}
