// Names for the shell to complete, as `bace __complete jobs|regions` prints them: a line each, and nothing where no service
// answers at once. Started for every press of Tab, without the rest of the program.
import { createClient } from "@bace-pipe/server/client";
import type { Io } from "../io.ts";
import { serviceToken, serviceUrl } from "../service/discovery.ts";

const PATIENCE_MILLISECONDS = 1000;
/** Shells expand what they are given: a service that is none must not be able to say `$(…)`. */
const HARMLESS = /^[A-Za-z0-9][\w.-]*$/;

export async function printNames(kind: string | undefined, io: Io): Promise<void> {
  const names = await namesOf(kind, io).catch((): readonly string[] => []);
  io.out.write(
    names
      .filter((name) => HARMLESS.test(name))
      .map((name) => `${name}\n`)
      .join(""),
  );
}

async function namesOf(kind: string | undefined, io: Io): Promise<readonly string[]> {
  const url = serviceUrl({}, io);
  const signal = AbortSignal.timeout(PATIENCE_MILLISECONDS);
  const send: typeof fetch = (input, init) => fetch(input, { ...init, signal });
  const client = createClient(url, send, serviceToken({}, url, io));
  switch (kind) {
    case "jobs": {
      const { jobs } = await client.jobs();
      const rank = (phase: string) => (phase === "ended" ? 1 : 0);
      return [...jobs].sort((a, b) => rank(a.phase) - rank(b.phase)).map(({ id }) => id);
    }
    case "regions":
      return (await client.regions()).regions.map(({ name }) => name);
    default:
      return [];
  }
}
