// Dry run: what the scheduler would do now if these jobs were in the queue. Nothing is stored.
import { type Decision, dryRun, type Job, type View, viewOf } from "@bace-pipe/core";
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
    const view = viewOf(state, nowSeconds, timeModel)!;
    const added = new Map(fresh.map((job) => [job.id, job]));
    const jobOf = (id: string) => added.get(id) ?? state.jobs.get(id)!.job;
    const decisions = own.map((decision) => explainedDecision(decision, jobOf(decision.jobId), view));
    return c.json(hideOthers({ decisions, revision }, state, identity, fresh), 200);
  });
}

export function explainedDecision(decision: Decision, job: Job, { ledger, runSeconds }: View): Explained {
  const { jobId, kind, why } = decision;
  const { fleet } = ledger;
  const started =
    decision.kind === "start"
      ? {
          placement: placementView(decision.placement, fleet),
          hops: hopViews(decision, fleet, 0),
          predictedStepSeconds: runSeconds(job, decision.placement) / job.iterations,
        }
      : { placement: null, hops: [], predictedStepSeconds: null };
  return { jobId, kind, ...started, replan: null, why: explanationView(why) };
}
