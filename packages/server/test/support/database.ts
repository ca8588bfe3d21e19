// A database as if it had just been made: making one takes seconds.
import { afterAll, beforeAll, beforeEach } from "vitest";
import type { Database } from "../../src/store/database.ts";
import { openPglite } from "../../src/store/pglite.ts";

export async function clear(database: Database): Promise<void> {
  await database.query("drop schema public cascade");
  await database.query("create schema public");
}

/** One for all tests of a file, empty before each of them; to be called first, before the file's own hooks. */
export function emptyDatabase(): Database {
  let opened: Database;
  beforeAll(async () => {
    opened = await openPglite();
  }, 60_000);
  afterAll(() => opened.close());
  beforeEach(() => clear(opened));
  return {
    query: (sql, parameters) => opened.query(sql, parameters),
    transaction: (work) => opened.transaction(work),
    close: () => opened.close(),
  };
}
