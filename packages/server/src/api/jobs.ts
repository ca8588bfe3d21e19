// Jobs: submit, list, look at, cancel, explain.
import { type JobState, viewOf } from "@bace-pipe/core";
import { createRoute, z } from "@hono/zod-openapi";
import type { Identity } from "../access/identity.ts";
import { hideOthers } from "../access/visible.ts";
import { keyedSubmission, sameSubmission } from "../client-key.ts";
import { ProblemError } from "../problem.ts";
import { admitJobs } from "../submission.ts";
import { type ApiContext, type App, bodyOf, findJob, jsonOf, problems } from "./context.ts";
import type { DryRuns } from "./dry-run.ts";
import { listed, listQuerySchema } from "./job-list.ts";
import { explainedDecision } from "./plan.ts";
import { replanView } from "./replan-view.ts";
import { epochReports } from "./report.ts";
import { explainedSchema } from "./schemas/decisions.ts";
import { jobListSchema, jobViewSchema, submitSchema, submittedSchema } from "./schemas/jobs.ts";
import { explainedView, jobView } from "./views.ts";

const params = z.object({ id: z.string().openapi({ param: { name: "id", in: "path" } }) });

const listRoute = createRoute({
  method: "get",
  path: "/v1/jobs",
  summary: "Jobs in order of submission: all of them, or page by page",
  request: { query: listQuerySchema },
  responses: {
    200: { description: "Jobs", ...jsonOf(jobListSchema) },
    ...problems("invalid-request"),
  },
});

const getRoute = createRoute({
  method: "get",
  path: "/v1/jobs/{id}",
  summary: "One job",
  request: { params },
  responses: { 200: { description: "The job", ...jsonOf(jobViewSchema) }, ...problems("unknown-job") },
});

const submitRoute = createRoute({
  method: "post",
  path: "/v1/jobs",
  summary: "Submit the jobs of a file: all of them or none; repeating it changes nothing",
  request: {
    headers: z.object({
      /** The same key with the same body gets the same answer, for a day. */
      "idempotency-key": z
        .string()
        .regex(/^[\x21-\x7e]{1,255}$/, "1 to 255 visible ASCII characters")
        .optional(),
    }),
    ...bodyOf(submitSchema),
  },
  responses: {
    201: { description: "Queued, or there already", ...jsonOf(submittedSchema) },
    ...problems("invalid-request", "wrong-tenant", "name-taken", "world-moved", "queue-full"),
    ...problems("invalid-job", "key-reused"),
  },
});

const cancelRoute = createRoute({
  method: "post",
  path: "/v1/jobs/{id}/cancel",
  summary: "Cancel a job; its GPUs are free when its launches have ended",
  request: { params },
  responses: { 202: { description: "The job", ...jsonOf(jobViewSchema) }, ...problems("unknown-job") },
});

const explainRoute = createRoute({
  method: "get",
  path: "/v1/jobs/{id}/explain",
  summary: "Why a job waits (as the scheduler sees it now), or why it was placed where it is",
  request: { params },
  responses: { 200: { description: "Why", ...jsonOf(explainedSchema) }, ...problems("unknown-job") },
});

export function addJobs(app: App, context: ApiContext, dryRuns: DryRuns): void {
  const { writer, fleets, timeModel, efficiency, stateDirectory: keepOut } = context;
  const view = (known: JobState, identity: Identity) => {
    const state = writer.state();
    return hideOthers(jobView(known, fleets, writer.nowSeconds(), state.fleet), state, identity);
  };

  app.openapi(listRoute, (c) => {
    const identity = c.get("identity");
    const { jobs, next } = listed(writer.state().jobs, c.req.valid("query"), identity);
    const views = jobs.map((known) => view(known, identity));
    return c.json(next === undefined ? { jobs: views } : { jobs: views, next }, 200);
  });

  app.openapi(getRoute, (c) => {
    const identity = c.get("identity");
    const known = findJob(writer, c.req.valid("param").id, identity);
    const epochs = epochReports(known, { fleets, timeModel });
    return c.json({ ...view(known, identity), ...(epochs.length > 0 ? { epochs } : {}) }, 200);
  });

  app.openapi(submitRoute, async (c) => {
    const body = c.req.valid("json");
    const identity = c.get("identity");
    const { tenant } = identity;
    const submission = keyedSubmission(identity, c.req.valid("header")["idempotency-key"], body);
    let answer = { jobIds: [] as string[], existing: [] as string[] };
    await writer.commit((state, revision) => {
      const before = submission && sameSubmission(state, submission);
      if (before) {
        answer = { jobIds: [...before.jobIds], existing: [...before.existing] };
        return [];
      }
      refuseOtherRevision(body.ifRevision, revision);
      const { fresh, existing } = admitJobs(state, body, writer.nowSeconds(), {
        ...{ efficiency, mustTrain: true, tenant, keepOut },
      });
      answer = { jobIds: fresh.map(({ id }) => id), existing: [...existing] };
      const clientKey = submission && { ...submission, ...answer };
      // Where all are there already one is said again, which changes nothing but that the key is known.
      const said = fresh.length === 0 && clientKey ? [state.jobs.get(existing[0]!)!.job] : fresh;
      return said.map((job, i) => ({
        ...{ kind: "submitted", job },
        ...(i === 0 && clientKey ? { clientKey } : {}),
      }));
    });
    c.set("jobIds", answer.jobIds);
    return c.json(answer, 201);
  });

  app.openapi(cancelRoute, async (c) => {
    const { id } = c.req.valid("param");
    const identity = c.get("identity");
    findJob(writer, id, identity);
    await writer.commit((state) => {
      const known = state.jobs.get(id);
      if (!known) return []; // forgotten meanwhile: it had ended
      const { phase, epoch } = known;
      const done = phase === "ended" || (phase === "stopping" && epoch?.givenUp?.next === "cancel");
      return done ? [] : [{ kind: "cancel-requested", jobId: id }];
    });
    return c.json(view(findJob(writer, id, identity), identity), 202);
  });

  app.openapi(explainRoute, (c) => {
    const identity = c.get("identity");
    const known = findJob(writer, c.req.valid("param").id, identity);
    const state = writer.state();
    const shown = (all: ReturnType<typeof explainedView>) => hideOthers(all, state, identity);
    if (known.phase !== "queued")
      return c.json(shown(explainedView(known, fleets, writer.nowSeconds())), 200);
    const decision = dryRuns().find(({ jobId }) => jobId === known.job.id);
    // Without a decision, the job is backing off after an epoch that failed.
    const nothing = { placement: null, hops: [], predictedStepSeconds: null, why: null };
    const waiting = { jobId: known.job.id, kind: "wait" as const, ...nothing };
    const explained = decision
      ? explainedDecision(decision, known.job, viewOf(state, writer.nowSeconds(), timeModel)!)
      : waiting;
    return c.json(shown({ ...explained, replan: replanView(known.replan) }), 200);
  });
}

function refuseOtherRevision(asked: number | undefined, revision: number): void {
  if (asked === undefined || asked === revision) return;
  throw new ProblemError(
    "world-moved",
    `the plan was made for revision ${asked}, and it is ${revision} now: plan again`,
    undefined,
    { revision },
  );
}
