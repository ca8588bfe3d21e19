// Dry run: what the scheduler would do now if these jobs were in the queue. Nothing is stored.
import { type Decision, dryRun, type Fleet } from "@bace-pipe/core";
import { createRoute } from "@hono/zod-openapi";
import { admitJobs } from "../submission.ts";
import { type ApiContext, type App, bodyOf, jsonOf, problems } from "./context.ts";
import { type Explained, planSchema, submitSchema } from "./types.ts";
import { explanationView, hopViews, placementView } from "./views.ts";

const planRoute = createRoute({
  method: "post",
  path: "/v1/plan",
  summary: "What would happen if these jobs were submitted",
  request: bodyOf(submitSchema),
  responses: {
    200: { description: "Decisions about the whole queue", ...jsonOf(planSchema) },
    ...problems("invalid-request", "name-taken", "invalid-job"),
  },
});

export function addPlan(app: App, { writer, policy, timeModel, efficiency }: ApiContext): void {
  app.openapi(planRoute, (c) => {
    const state = writer.state();
    const nowSeconds = writer.nowSeconds();
    const { fresh } = admitJobs(state, c.req.valid("json"), nowSeconds, { efficiency, mustTrain: false });
    const decisions = dryRun(state, nowSeconds, { policy, timeModel }, fresh);
    return c.json({ decisions: decisions.map((decision) => explainedDecision(decision, state.fleet!)) }, 200);
  });
}

export function explainedDecision(decision: Decision, fleet: Fleet): Explained {
  const placement = decision.kind === "start" ? placementView(decision.placement, fleet) : null;
  const { jobId, kind, why } = decision;
  const hops = decision.kind === "start" ? hopViews(decision, fleet, 0) : [];
  return { jobId, kind, placement, hops, replan: null, why: explanationView(why) };
}
