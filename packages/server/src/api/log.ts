// The log as it is written, page by page: for backups. Whoever reads it reads the secrets of launches that run.
import { createRoute, z } from "@hono/zod-openapi";
import type { Archive } from "../store/archive.ts";
import type { Writer } from "../writer.ts";
import { type App, jsonOf, problems } from "./context.ts";

export const MOST_EVENTS = 1000;

export interface LogContext {
  readonly archive: Archive;
  readonly writer: Writer;
}

const logSchema = z
  .object({
    seq: z.number().openapi({ description: "Of the newest event there is" }),
    base: z.unknown().nullable().openapi({
      description: "With after=0, the snapshot that the log begins with, if old events were deleted",
    }),
    events: z.array(z.unknown()).openapi({ description: "In order" }),
  })
  .openapi("Log");

const logRoute = createRoute({
  method: "get",
  path: "/v1/log",
  summary: "Events of the log, with the secrets of launches",
  request: {
    query: z.object({
      after: z.coerce.number().int().min(0).default(0),
      limit: z.coerce.number().int().min(1).max(MOST_EVENTS).default(MOST_EVENTS),
    }),
  },
  responses: {
    200: { description: "Events with a greater seq than `after`", ...jsonOf(logSchema) },
    ...problems("invalid-request"),
  },
});

export function addLog(app: App, { archive, writer }: LogContext): void {
  app.openapi(logRoute, async (c) => {
    const { after, limit } = c.req.valid("query");
    const { seq } = writer.state();
    const base = after === 0 ? ((await archive.base()) ?? null) : null;
    return c.json({ seq, base, events: [...(await archive.events(after, limit))] }, 200);
  });
}
