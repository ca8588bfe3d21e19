// The store of a service that does not run, for those who copy it: its state folder, or its PostgreSQL server. Takes the
// same lock as a service, so neither disturbs the other.
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { resolve } from "node:path";
import { isMissing } from "../files.ts";
import { StartError } from "../start-error.ts";
import { takeStateFolder } from "../state-folder.ts";
import { undoAll } from "../undo.ts";
import { type Archive, archiveOf } from "./archive.ts";
import type { Database } from "./database.ts";
import { migrate } from "./migrate.ts";
import { openPglite } from "./pglite.ts";
import { openPostgres } from "./postgres.ts";

export interface StorePlace {
  readonly stateDirectory: string;
  /** A PostgreSQL server; the embedded database of the state folder where absent. */
  readonly database?: string | undefined;
}

export interface Store {
  readonly archive: Archive;
  close(): Promise<void>;
}

/**
 * Opens the store that there is. Throws a StartError: `no-log`, `database-in-use`, or as a service would.
 * @param fresh make one instead, and refuse with `not-empty` what has anything in it
 */
export async function openStore(place: StorePlace, { fresh }: { readonly fresh: boolean }): Promise<Store> {
  const stateDirectory = resolve(place.stateDirectory);
  if (!fresh && place.database === undefined && !existsSync(resolve(stateDirectory, "db")))
    throw new StartError("no-log", `${stateDirectory} has no database: name the service's state folder`);
  const folder = await takeStateFolder(stateDirectory, { shared: place.database !== undefined });
  const undo: (() => Promise<void>)[] = [() => folder.release()];
  const close = () => undoAll(undo);
  try {
    if (fresh && (await hasEntries(folder.launchesDirectory)))
      throw new StartError(
        "not-empty",
        `${stateDirectory} has launches of an earlier service, which would be taken for this one's: use another folder`,
      );
    const database: Database | undefined =
      place.database === undefined
        ? await openPglite(folder.databaseDirectory)
        : await openPostgres(place.database);
    if (!database)
      throw new StartError(
        "database-in-use",
        "a service runs on the database: name it with --server, or stop it",
      );
    undo.push(() => database.close());
    await migrate(database);
    const archive = archiveOf(database);
    if (fresh && !(await archive.isEmpty()))
      throw new StartError("not-empty", "the database has a log already: restore into an empty one");
    return { archive, close };
  } catch (error) {
    await close().catch(() => {}); // the first error is the one to tell
    throw error;
  }
}

async function hasEntries(folder: string): Promise<boolean> {
  try {
    return (await readdir(folder)).length > 0;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
