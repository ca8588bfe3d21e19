// Dry run: what the scheduler would do now if these jobs were in the queue. Nothing is stored.
import { type Decision, dryRun, type Fleet } from "@bace-pipe/core";
import { createRoute } from "@hono/zod-openapi";
import { may } from "../access/identity.ts";
import { hideOthers, ownDecisions } from "../access/visible.ts";
import { admitJobs } from "../submission.ts";
import { type ApiContext, type App, bodyOf, jsonOf, problems } from "./context.ts";
import { type Explained, planSchema } from "./schemas/decisions.ts";
import { submitSchema } from "./schemas/jobs.ts";
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

export function addPlan(app: App, context: ApiContext): void {
  const { writer, policy, timeModel, efficiency, stateDirectory: keepOut } = context;
  app.openapi(planRoute, (c) => {
    const state = writer.state();
    const nowSeconds = writer.nowSeconds();
    const identity = c.get("identity");
    const { tenant } = identity;
    const { fresh } = admitJobs(state, c.req.valid("json"), nowSeconds, {
      ...{ efficiency, mustTrain: false, tenant, keepOut },
      readsNoFiles: tenant !== null || !may(identity, "submit"),
    });
    const revision = writer.revision();
    const all = dryRun(state, nowSeconds, { policy, timeModel }, fresh);
    const own = ownDecisions(all, fresh, state, identity);
    const decisions = own.map((decision) => explainedDecision(decision, state.fleet!));
    return c.json(hideOthers({ decisions, revision }, state, identity, fresh), 200);
  });
}

export function explainedDecision(decision: Decision, fleet: Fleet): Explained {
  const placement = decision.kind === "start" ? placementView(decision.placement, fleet) : null;
  const { jobId, kind, why } = decision;
  const hops = decision.kind === "start" ? hopViews(decision, fleet, 0) : [];
  return { jobId, kind, placement, hops, replan: null, why: explanationView(why) };
}
