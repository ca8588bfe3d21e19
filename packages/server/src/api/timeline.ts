// An optimizer step of a job's newest epoch as a pipeline: as it was predicted, and with what was measured since.
import {
  blocksOfStep,
  type EpochSchedule,
  epochSchedule,
  type JobState,
  type Measured,
  type StepTimeline,
} from "@bace-pipe/core";
import { createRoute, z } from "@hono/zod-openapi";
import { type ApiContext, type App, findJob, jsonOf, problems } from "./context.ts";
import { type JobTimeline, jobTimelineSchema } from "./schemas/timeline.ts";

/** Of a step: to find and time its schedule must not keep others waiting. */
const MOST_BLOCKS = 20_000;
/** Epochs that are remembered; looked at are mostly a few. */
const MOST_KNOWN = 20;

const timelineRoute = createRoute({
  method: "get",
  path: "/v1/jobs/{id}/timeline",
  summary: "The pipeline of one optimizer step, block by block: as predicted, and as measured",
  request: { params: z.object({ id: z.string().openapi({ param: { name: "id", in: "path" } }) }) },
  responses: {
    200: { description: "Blocks and messages", ...jsonOf(jobTimelineSchema) },
    ...problems("unknown-job"),
  },
});

interface Known {
  readonly placedSeq: number;
  readonly timed: EpochSchedule;
  measuredFor?: Measured | undefined;
  measured?: StepTimeline | undefined;
}

export function addTimeline(app: App, { fleets, timeModel, writer }: ApiContext): void {
  const known = new Map<string, Known>();

  const timedOf = (job: JobState): Known => {
    const { placedSeq } = job.epoch!;
    const id = job.job.id;
    const before = known.get(id);
    const found =
      before?.placedSeq === placedSeq
        ? before
        : { placedSeq, timed: epochSchedule(job, fleets.at(placedSeq), timeModel) };
    known.delete(id); // to the end of the map, where the newest are
    known.set(id, found);
    if (known.size > MOST_KNOWN) known.delete(known.keys().next().value!);
    return found;
  };

  app.openapi(timelineRoute, (c) => {
    const job = findJob(writer, c.req.valid("param").id, c.get("identity"));
    const { epoch } = job;
    const nothing = {
      epoch: null,
      schedule: null,
      stages: [],
      tooManyBlocks: null,
      predicted: null,
      measured: null,
    };
    if (!epoch) return c.json({ jobId: job.job.id, ...nothing }, 200);
    const fleet = fleets.at(epoch.placedSeq);
    const about = { ...nothing, jobId: job.job.id, epoch: epoch.number };
    const blocks = blocksOfStep(job, fleet);
    if (blocks > MOST_BLOCKS) return c.json({ ...about, tooManyBlocks: { blocks, most: MOST_BLOCKS } }, 200);
    const found = timedOf(job);
    if (found.measuredFor !== epoch.measured) {
      found.measuredFor = epoch.measured;
      found.measured = found.timed.measured(epoch.measured);
    }
    const { predicted, regionOfStage, schedule } = found.timed;
    return c.json(
      {
        ...{ ...about, schedule: schedule.generator },
        stages: regionOfStage.map((region, stage) => ({ stage, region: fleet.regions[region]!.name })),
        predicted: stepView(predicted),
        measured: found.measured ? stepView(found.measured) : null,
      },
      200,
    );
  });
}

/** The same data; copied because the wire's types are mutable. */
function stepView({
  blocks,
  makespanSeconds,
  messages,
}: StepTimeline): NonNullable<JobTimeline["predicted"]> {
  return { makespanSeconds, blocks: [...blocks], messages: [...messages] };
}
