// The metrics, for Prometheus.
import { createRoute, z } from "@hono/zod-openapi";
import type { Metrics } from "../metrics.ts";
import type { App } from "./context.ts";

const metricsRoute = createRoute({
  method: "get",
  path: "/metrics",
  summary: "Metrics in the text format of Prometheus",
  responses: { 200: { description: "Metrics", content: { "text/plain": { schema: z.string() } } } },
});

export function addMetrics(app: App, metrics: Metrics): void {
  app.openapi(metricsRoute, async (c) =>
    c.text(await metrics.text(), 200, { "Content-Type": metrics.contentType }),
  );
}
