// The logs of a job's launches, as their executors have them: of each region the end, or what is new since the last time.
// A region that does not answer is said so, and keeps nothing of the others from being shown.
import { isActive, type JobState, type LaunchStatus, launchKeyOf, type Placement } from "@bace-pipe/core";
import { createRoute, z } from "@hono/zod-openapi";
import type { Identity } from "../access/identity.ts";
import { seesPast } from "../access/visible.ts";
import type { LogPart } from "../executors/log-parts.ts";
import { ProblemError } from "../problem.ts";
import { type ApiContext, type App, findJob, jsonOf, problems } from "./context.ts";
import { wholeLines, withoutSecrets } from "./log-lines.ts";
import { type LogPlace, readPlace, writePlace } from "./log-place.ts";
import { type JobLogs, jobLogsSchema } from "./schemas/launch-logs.ts";

const USUAL_BYTES = 2 ** 16;
const MOST_BYTES = 2 ** 20;
/** Far more than a job has. */
const MOST_EPOCHS = 10_000;

const logsRoute = createRoute({
  method: "get",
  path: "/v1/jobs/{id}/logs",
  summary: "What the launches of an epoch have written: the end of it, or what is new after a place",
  request: {
    params: z.object({ id: z.string().openapi({ param: { name: "id", in: "path" } }) }),
    query: z.object({
      /** All of the path where absent. */
      region: z.string().optional(),
      /** The newest, or that of `after`, where absent. */
      epoch: z.coerce.number().int().min(1).optional(),
      /** Of each region, at most. */
      bytes: z.coerce.number().int().min(1).max(MOST_BYTES).default(USUAL_BYTES),
      /** `next` of an earlier answer. */
      after: z.string().optional(),
    }),
  },
  responses: {
    200: { description: "Logs by region and rank", ...jsonOf(jobLogsSchema) },
    ...problems("invalid-request", "unknown-job", "unknown-epoch", "unknown-region"),
  },
});

/** An epoch as far as its logs are concerned. */
interface Attempt {
  readonly number: number;
  readonly placement: Placement;
  readonly launchKey: string;
  readonly placedSeq: number;
  readonly isOver: boolean;
}

type FileView = JobLogs["regions"][number]["files"][number];

export function addLaunchLogs(app: App, { executors = [], fleets, log, writer }: ApiContext): void {
  const executorOf = (region: string) => executors.find(({ capabilities }) => capabilities.serves(region));

  const attemptOf = async (known: JobState, number: number, identity: Identity): Promise<Attempt> => {
    const { epoch, job, phase } = known;
    if (epoch?.number === number) {
      const isOver = !isActive(phase) || Object.values(epoch.launches).every(hasEnded);
      return { ...epoch, isOver };
    }
    const decisions = await log.decisions(0, MOST_EPOCHS, [job.id]);
    const placed = decisions.findLast((each) => each.kind === "placed" && each.epoch === number);
    if (placed?.kind !== "placed" || !seesPast(placed, writer.state(), identity))
      throw new ProblemError("unknown-epoch", `${job.id} has no epoch ${number}; it has had ${known.epochs}`);
    return { ...placed, number, placedSeq: placed.seq, isOver: true };
  };

  app.openapi(logsRoute, async (c) => {
    const identity = c.get("identity");
    const { after, bytes, epoch: asked, region: only } = c.req.valid("query");
    const place = placeOf(after);
    const known = findJob(writer, c.req.valid("param").id, identity);
    const { epochs, job, phase } = known;
    const number = asked ?? place?.epoch ?? epochs;
    const about = { jobId: job.id, phase, epochs };
    if (number === 0) return c.json({ ...about, epoch: null, isOver: false, regions: [], next: "0" }, 200);
    const attempt = await attemptOf(known, number, identity);
    const { regions } = fleets.at(attempt.placedSeq);
    const path = attempt.placement.regions.map((index) => regions[index]!.name);
    const wanted = only === undefined ? path : path.filter((name) => name === only);
    if (wanted.length === 0)
      throw new ProblemError("unknown-region", `epoch ${number} of ${job.id} is over ${path.join(", ")}`);
    const read = new Map(place?.epoch === number ? place.read : []);
    const views = await Promise.all(
      wanted.map(async (region): Promise<JobLogs["regions"][number]> => {
        const seen = read.get(region) ?? new Map<string, number>();
        try {
          const executor = executorOf(region);
          if (!executor) throw new Error(`no executor serves ${region}`);
          const key = launchKeyOf(job.id, number, region);
          const parts = await executor.logs(key, { bytes, after: seen });
          const whole = parts.map((part) => wholeLines(part, seen.get(part.name) ?? 0, attempt.isOver));
          read.set(region, new Map(whole.map(({ name, toByte }) => [name, toByte])));
          const files = whole.map((part) => fileView(part, seen.get(part.name) ?? 0, attempt.launchKey));
          return { region, problem: null, files };
        } catch (error) {
          // A tenant need not know by which way its regions are reached.
          const problem = identity.tenant === null ? (error as Error).message : "it does not answer now";
          return { region, problem, files: [] };
        }
      }),
    );
    const next = writePlace({ epoch: number, read });
    return c.json({ ...about, epoch: number, isOver: attempt.isOver, regions: views, next }, 200);
  });
}

function placeOf(after: string | undefined): LogPlace | undefined {
  if (after === undefined || after === "0") return undefined;
  const place = readPlace(after);
  if (!place) throw new ProblemError("invalid-request", "after: give `next` of an earlier answer");
  return place;
}

function fileView({ fromByte, name, text }: LogPart, readTo: number, launchKey: string): FileView {
  const rank = /^rank-(\d+)$/.exec(name)?.[1];
  return {
    ...{ name, rank: rank === undefined ? null : Number(rank) },
    text: withoutSecrets(text, [launchKey]),
    skippedBytes: Math.max(0, fromByte - readTo),
  };
}

function hasEnded({ kind }: LaunchStatus): boolean {
  return kind === "exited" || kind === "rejected" || kind === "lost";
}
