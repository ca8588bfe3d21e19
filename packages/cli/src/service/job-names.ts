// Job names that the service does not know: the nearest one that it does.
import { nameHint } from "@bace-pipe/core/spec";
import type { Client } from "@bace-pipe/server";
import { badInput } from "../failure.ts";
import { problemOf } from "./connect.ts";

/** Runs a call about one job; a name that is not known becomes a failure with a suggestion. */
export async function knownJob<T>(client: Client, id: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (problemOf(error)?.code !== "unknown-job") throw error;
    const { jobs } = await client.jobs();
    const names = jobs.map((job) => job.id);
    const hint = names.length > 0 ? nameHint(id, names) : "the service has no jobs; `bace submit` adds some";
    throw badInput("unknown-job", `there is no job "${id}"`, hint);
  }
}
