// The audit log: who did what, page by page, oldest first.
import { createRoute, z } from "@hono/zod-openapi";
import type { Access } from "../access/open-access.ts";
import { type App, jsonOf, problems } from "./context.ts";
import { auditListSchema } from "./schemas/audit.ts";

const MOST_LINES = 1000;

const auditRoute = createRoute({
  method: "get",
  path: "/v1/audit",
  summary: "Requests that changed something, and refusals",
  request: {
    query: z.object({
      after: z.coerce.number().int().min(0).default(0),
      limit: z.coerce.number().int().min(1).max(MOST_LINES).default(MOST_LINES),
    }),
  },
  responses: {
    200: { description: "Lines with a greater seq than `after`", ...jsonOf(auditListSchema) },
    ...problems("invalid-request"),
  },
});

export function addAudit(app: App, { audit }: Access): void {
  app.openapi(auditRoute, async (c) => {
    const { after, limit } = c.req.valid("query");
    const lines = await audit.page(after, limit);
    return c.json({ lines: lines.map((line) => ({ ...line, jobIds: [...line.jobIds] })) }, 200);
  });
}
