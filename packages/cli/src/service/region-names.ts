// Regions as a command line names them: by name, or by the path of what carries out their launches, such as
// slurm/eu-west/gpu or local/tokyo. Those that there are not: the nearest one that there is.
import { nameHint } from "@bace-pipe/core/spec";
import type { Client } from "@bace-pipe/server";
import { badInput, type Failure } from "../failure.ts";
import { problemOf } from "./connect.ts";

interface Named {
  readonly name: string;
  readonly infrastructure?: string | undefined;
}

/** The region of a name or a path; without its partition a path will do. */
export function regionNamed<R extends Named>(regions: readonly R[], text: string): R | undefined {
  return regions.find(
    ({ infrastructure, name }) =>
      name === text || (text.includes("/") && `${infrastructure}/`.startsWith(`${text}/`)),
  );
}

export function unknownRegion(regions: readonly Named[], text: string): Failure {
  const known = regions.map(({ infrastructure, name }) =>
    text.includes("/") ? (infrastructure ?? name) : name,
  );
  return badInput("unknown-region", `there is no region "${text}"`, nameHint(text, known));
}

/** Runs a call about one region; one that is not known becomes a failure with a suggestion. */
export async function knownRegion<T>(
  client: Client,
  text: string,
  call: (name: string) => Promise<T>,
): Promise<T> {
  if (!text.includes("/"))
    try {
      return await call(text);
    } catch (error) {
      if (problemOf(error)?.code !== "unknown-region") throw error;
      throw unknownRegion((await client.regions()).regions, text);
    }
  const { regions } = await client.regions();
  const found = regionNamed(regions, text);
  if (!found) throw unknownRegion(regions, text);
  return call(found.name);
}
