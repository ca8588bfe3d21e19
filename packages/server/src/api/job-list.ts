// Pages and filters of the list of jobs. Without a limit it is whole.
import type { JobState } from "@bace-pipe/core";
import { z } from "@hono/zod-openapi";
import { type Identity, seesJob } from "../access/identity.ts";
import { ProblemError } from "../problem.ts";
import { jobViewSchema } from "./schemas/jobs.ts";

export const listQuerySchema = z.object({
  limit: z.coerce.number().int().min(1).max(10_000).optional(),
  /** Id of the last job of the page before. */
  after: z.string().optional(),
  phase: jobViewSchema.shape.phase.optional(),
  tenant: z.string().optional(),
});

interface Page {
  readonly jobs: readonly JobState[];
  /** Set where there are more. */
  readonly next?: string;
}

export function listed(
  all: ReadonlyMap<string, JobState>,
  { after, limit = Number.POSITIVE_INFINITY, phase, tenant }: z.infer<typeof listQuerySchema>,
  identity: Identity,
): Page {
  const start = after === undefined ? undefined : all.get(after);
  if (after !== undefined && !(start && seesJob(identity, start)))
    throw new ProblemError("invalid-request", `after: there is no job "${after}"; begin again without it`);
  const jobs: JobState[] = [];
  let isAfter = start === undefined;
  for (const known of all.values()) {
    const wasAfter = isAfter;
    isAfter ||= known === start;
    if (!wasAfter || !seesJob(identity, known)) continue;
    if (phase !== undefined && known.phase !== phase) continue;
    if (tenant !== undefined && known.job.tenant !== tenant) continue;
    if (jobs.length === limit) return { jobs, next: jobs.at(-1)!.job.id };
    jobs.push(known);
  }
  return { jobs };
}
