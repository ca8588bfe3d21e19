// Region names that the service does not know: the nearest one that it does.
import { nameHint } from "@bace-pipe/core/spec";
import type { Client } from "@bace-pipe/server";
import { badInput } from "../failure.ts";
import { problemOf } from "./connect.ts";

/** Runs a call about one region; a name that is not known becomes a failure with a suggestion. */
export async function knownRegion<T>(client: Client, name: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (problemOf(error)?.code !== "unknown-region") throw error;
    const names = (await client.regions()).regions.map((region) => region.name);
    throw badInput("unknown-region", `there is no region "${name}"`, nameHint(name, names));
  }
}
