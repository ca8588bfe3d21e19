// Regions: what is there, what is free, what it costs now.
import { createRoute } from "@hono/zod-openapi";
import { type ApiContext, type App, jsonOf } from "./context.ts";
import { regionListSchema } from "./schemas/regions.ts";
import { regionsView } from "./views.ts";

const regionsRoute = createRoute({
  method: "get",
  path: "/v1/regions",
  summary: "Regions and links with what is free and reserved",
  responses: { 200: { description: "Regions", ...jsonOf(regionListSchema) } },
});

export function addRegions(app: App, { writer }: ApiContext): void {
  app.openapi(regionsRoute, (c) => c.json(regionsView(writer.state(), writer.nowSeconds()), 200));
}
