// Decisions, from the log: a page at a time, in order. Ask again with the last seq for the next page.
import { createRoute, z } from "@hono/zod-openapi";
import { type ApiContext, type App, jsonOf, problems } from "./context.ts";
import { decisionListSchema } from "./types.ts";
import { decisionView } from "./views.ts";

const PAGE = 1000;

const decisionsRoute = createRoute({
  method: "get",
  path: "/v1/decisions",
  summary: "Placements and infeasibilities with their why, at most 1000, oldest first",
  request: { query: z.object({ after: z.coerce.number().int().min(0).default(0) }) },
  responses: {
    200: { description: "Decisions with a greater seq than `after`", ...jsonOf(decisionListSchema) },
    ...problems("invalid-request"),
  },
});

export function addDecisions(app: App, { log, fleets }: ApiContext): void {
  app.openapi(decisionsRoute, async (c) => {
    const decisions = await log.decisions(c.req.valid("query").after, PAGE);
    return c.json({ decisions: decisions.map((decided) => decisionView(decided, fleets)) }, 200);
  });
}
