// The steps of a job as a series for pictures: thinned out, or what is new since the last time.
import { createRoute, z } from "@hono/zod-openapi";
import { type ApiContext, type App, findJob, jsonOf, problems } from "./context.ts";
import { jobStepsSchema } from "./schemas/steps.ts";

const USUAL_POINTS = 500;
const MOST_POINTS = 5000;

const stepsRoute = createRoute({
  method: "get",
  path: "/v1/jobs/{id}/steps",
  summary: "Loss and duration of a job's steps, thinned out evenly; the first and the last are kept",
  request: {
    params: z.object({ id: z.string().openapi({ param: { name: "id", in: "path" } }) }),
    query: z.object({
      /** At most. */
      points: z.coerce.number().int().min(2).max(MOST_POINTS).default(USUAL_POINTS),
      /** `next` of an earlier answer. */
      after: z.coerce.number().int().min(0).default(0),
    }),
  },
  responses: {
    200: { description: "Steps", ...jsonOf(jobStepsSchema) },
    ...problems("invalid-request", "unknown-job"),
  },
});

export function addSteps(app: App, { log, writer }: ApiContext): void {
  app.openapi(stepsRoute, async (c) => {
    const { after, points } = c.req.valid("query");
    const { job } = findJob(writer, c.req.valid("param").id, c.get("identity"));
    const { id: jobId, iterations, submitSeconds: sinceSeconds } = job;
    const { count, steps } = await log.steps(jobId, { afterSeq: after, points, sinceSeconds });
    const next = steps.at(-1)?.seq ?? after;
    return c.json({ jobId, iterations, count, steps: steps.map(({ seq: _, ...step }) => step), next }, 200);
  });
}
