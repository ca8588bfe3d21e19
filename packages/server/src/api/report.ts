// How far predictions were off: of one job among what is shown of it, of all jobs that there are as a report.
import { setImmediate } from "node:timers/promises";
import { calibratedSeconds, type JobState, recordOf } from "@bace-pipe/core";
import { createRoute, z } from "@hono/zod-openapi";
import { seesJob } from "../access/identity.ts";
import { type ApiContext, type App, findJob, jsonOf, problems } from "./context.ts";
import { type EpochReport, type Report, reportSchema } from "./schemas/report.ts";

/** Jobs that are looked at without a pause. */
const PART = 10;

type Predicting = Pick<ApiContext, "fleets" | "timeModel">;

/** Epochs with two steps or more, oldest first, the one that runs among them. */
export function epochReports(known: JobState, { fleets, timeModel }: Predicting): EpochReport[] {
  const { job, phase, records = [] } = known;
  const isLive = phase === "running" || phase === "stopping";
  const live = isLive ? recordOf(known) : undefined;
  return [...records, ...(live ? [live] : [])].map((record) => {
    const fleet = fleets.at(record.placedSeq);
    const { measuredStepSeconds, placement, predictedStepSeconds, steps } = record;
    const calibrated = calibratedSeconds(job, record, fleet, timeModel) ?? null;
    const errorOf = (seconds: number) => seconds / measuredStepSeconds - 1;
    return {
      epoch: record.epoch,
      regions: placement.regions.map((region) => fleet.regions[region]!.name),
      ...{ steps, predictedStepSeconds, calibratedStepSeconds: calibrated, measuredStepSeconds },
      predictedError: errorOf(predictedStepSeconds),
      calibratedError: calibrated === null ? null : errorOf(calibrated),
    };
  });
}

const reportRoute = createRoute({
  method: "get",
  path: "/v1/report",
  summary:
    "How far predicted step times were off, by job and epoch, and how much less with what was measured",
  request: { query: z.object({ job: z.string().optional() }) },
  responses: {
    200: { description: "Jobs that have made two steps or more", ...jsonOf(reportSchema) },
    ...problems("unknown-job"),
  },
});

export function addReport(app: App, { fleets, timeModel, writer }: ApiContext): void {
  app.openapi(reportRoute, async (c) => {
    const identity = c.get("identity");
    const jobs: Report["jobs"] = [];
    const { job: only } = c.req.valid("query");
    const asked = only === undefined ? [...writer.state().jobs.values()] : [findJob(writer, only, identity)];
    for (const [i, known] of asked.entries()) {
      if (!seesJob(identity, known)) continue;
      // The schedules of epochs that nobody has asked for yet are timed: others have their turn meanwhile.
      if (i % PART === PART - 1) await setImmediate();
      const epochs = epochReports(known, { fleets, timeModel });
      const { job, outcome, phase } = known;
      if (epochs.length > 0) jobs.push({ jobId: job.id, phase, outcome: outcome?.kind ?? null, epochs });
    }
    const all = jobs.flatMap(({ epochs }) => epochs);
    const medians = {
      epochs: all.length,
      predictedError: medianSize(all.map(({ predictedError }) => predictedError)),
      calibratedError: medianSize(all.flatMap(({ calibratedError }) => calibratedError ?? [])),
    };
    return c.json({ jobs, medians }, 200);
  });
}

function medianSize(errors: readonly number[]): number | null {
  const sizes = errors.map(Math.abs).sort((a, b) => a - b);
  if (sizes.length === 0) return null;
  const middle = sizes.length >> 1;
  return sizes.length % 2 === 1 ? sizes[middle]! : (sizes[middle - 1]! + sizes[middle]!) / 2;
}
