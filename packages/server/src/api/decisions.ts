// Decisions, from the log: a page at a time, in order. Ask again with the last seq for the next page.
import { createRoute, z } from "@hono/zod-openapi";
import { hideOthers, ownJobIds, seesPast } from "../access/visible.ts";
import type { Decided } from "../store/log.ts";
import { type ApiContext, type App, jsonOf, problems } from "./context.ts";
import { decisionListSchema } from "./schemas/decisions.ts";
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

export function addDecisions(app: App, { log, fleets, writer }: ApiContext): void {
  app.openapi(decisionsRoute, async (c) => {
    const identity = c.get("identity");
    const sees = (decided: Decided) => seesPast(decided, writer.state(), identity);
    const found: Decided[] = [];
    const jobIds = ownJobIds(writer.state(), identity);
    let { after } = c.req.valid("query");
    for (;;) {
      const page = await log.decisions(after, PAGE, jobIds);
      found.push(...page.filter(sees).slice(0, PAGE - found.length));
      if (page.length < PAGE || found.length === PAGE) break;
      after = page.at(-1)!.seq;
    }
    const decisions = found.map((decided) => decisionView(decided, fleets));
    return c.json(hideOthers({ decisions }, writer.state(), identity), 200);
  });
}
