// The store of a service that does not run, as commands open it.
import type { Store } from "@bace-pipe/server";
import { EXIT, Failure } from "../failure.ts";
import type { Io } from "../io.ts";
import { databaseUrl } from "./database.ts";
import { stateFolder, type Where } from "./discovery.ts";

export async function inStore<T>(
  options: Where & { readonly database?: string },
  io: Io,
  { fresh }: { readonly fresh: boolean },
  work: (store: Store) => Promise<T>,
): Promise<T> {
  const { openStore, StartError } = await import("@bace-pipe/server");
  const place = { stateDirectory: stateFolder(options, io), database: databaseUrl(options, io) };
  let store: Store | undefined;
  try {
    store = await openStore(place, { fresh });
    return await work(store);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    const exitCode = error.code === "database-unreachable" ? EXIT.unreachable : EXIT.failed;
    throw new Failure(error.message, { exitCode, code: error.code });
  } finally {
    await store?.close();
  }
}
