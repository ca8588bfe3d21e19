// The order in which queued jobs are tried, which the list of jobs does not tell.
import type { Client, JobView } from "@bace-pipe/server";
import type { Positions } from "../render/queue.ts";

/** Each position is asked for alone: for the first of a long queue only. */
const MAX_ASKED = 50;

export async function positionsOf(client: Client, jobs: readonly JobView[]): Promise<Positions> {
  const queued = jobs.filter(({ phase }) => phase === "queued").slice(0, MAX_ASKED);
  const explained = await Promise.all(queued.map(({ id }) => client.explain(id)));
  return new Map(
    explained.flatMap(({ jobId, kind, why }) => (kind === "wait" && why ? [[jobId, why.position]] : [])),
  );
}
