// The order in which queued jobs are tried, which the list of jobs does not tell.
import type { Client, JobView } from "@bace-pipe/server";
import type { Positions } from "../render/queue.ts";

export async function positionsOf(client: Client, jobs: readonly JobView[]): Promise<Positions> {
  if (!jobs.some(({ phase }) => phase === "queued")) return new Map();
  const queue = await client.queue();
  return new Map(queue.jobs.flatMap(({ jobId, position }) => (position === null ? [] : [[jobId, position]])));
}
