// Jobs: submit, list, look at, cancel, explain.
import { dryRun, type JobState } from "@bace-pipe/core";
import { createRoute, z } from "@hono/zod-openapi";
import { ProblemError } from "../problem.ts";
import { admitJobs } from "../submission.ts";
import { type ApiContext, type App, bodyOf, jsonOf, problems } from "./context.ts";
import { explainedDecision } from "./plan.ts";
import { explainedSchema, jobListSchema, jobViewSchema, submitSchema, submittedSchema } from "./types.ts";
import { explainedView, jobView, replanView } from "./views.ts";

const params = z.object({ id: z.string().openapi({ param: { name: "id", in: "path" } }) });

const listRoute = createRoute({
  method: "get",
  path: "/v1/jobs",
  summary: "All jobs, in order of submission",
  responses: { 200: { description: "Jobs", ...jsonOf(jobListSchema) } },
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
  request: bodyOf(submitSchema),
  responses: {
    201: { description: "Queued, or there already", ...jsonOf(submittedSchema) },
    ...problems("invalid-request", "name-taken", "invalid-job"),
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

export function addJobs(app: App, { writer, fleets, policy, timeModel, efficiency }: ApiContext): void {
  const view = (known: JobState) => jobView(known, fleets, writer.nowSeconds());
  const find = (id: string): JobState => {
    const known = writer.state().jobs.get(id);
    if (!known) throw new ProblemError("unknown-job", `there is no job "${id}"`);
    return known;
  };

  app.openapi(listRoute, (c) => c.json({ jobs: [...writer.state().jobs.values()].map(view) }, 200));

  app.openapi(getRoute, (c) => c.json(view(find(c.req.valid("param").id)), 200));

  app.openapi(submitRoute, async (c) => {
    const body = c.req.valid("json");
    let answer = { jobIds: [] as string[], existing: [] as string[] };
    await writer.commit((state) => {
      const { fresh, existing } = admitJobs(state, body, writer.nowSeconds(), {
        efficiency,
        mustTrain: true,
      });
      answer = { jobIds: fresh.map(({ id }) => id), existing: [...existing] };
      return fresh.map((job) => ({ kind: "submitted", job }));
    });
    return c.json(answer, 201);
  });

  app.openapi(cancelRoute, async (c) => {
    const { id } = c.req.valid("param");
    find(id);
    await writer.commit((state) => {
      const { phase, epoch } = state.jobs.get(id)!;
      const done = phase === "ended" || (phase === "stopping" && epoch?.givenUp?.next === "cancel");
      return done ? [] : [{ kind: "cancel-requested", jobId: id }];
    });
    return c.json(view(find(id)), 202);
  });

  app.openapi(explainRoute, (c) => {
    const known = find(c.req.valid("param").id);
    if (known.phase !== "queued") return c.json(explainedView(known, fleets, writer.nowSeconds()), 200);
    const state = writer.state();
    const decision = dryRun(state, writer.nowSeconds(), { policy, timeModel }).find(
      ({ jobId }) => jobId === known.job.id,
    );
    // Without a decision, the job is backing off after an epoch that failed.
    const waiting = { jobId: known.job.id, kind: "wait" as const, placement: null, hops: [], why: null };
    const explained = decision ? explainedDecision(decision, state.fleet!) : waiting;
    return c.json({ ...explained, replan: replanView(known.replan) }, 200);
  });
}
