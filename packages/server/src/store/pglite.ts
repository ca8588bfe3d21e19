// PGlite: PostgreSQL compiled to WebAssembly, in this process, its files in a folder. For one machine and one writer.
// A commit is with the operating system when it returns: it survives the death of this process. PGlite runs without
// fsync, so a power failure may cost more; where that matters, use a PostgreSQL server.
import { mkdir } from "node:fs/promises";
import { PGlite } from "@electric-sql/pglite";
import type { Database, Query } from "./database.ts";

/** Opens, or creates, a database. Without a folder it lives in memory. Takes seconds the first time. */
export async function openPglite(folder?: string): Promise<Database> {
  if (folder !== undefined) await mkdir(folder, { recursive: true, mode: 0o700 }); // keys of launches are in it
  const pglite = await (folder === undefined ? PGlite.create() : PGlite.create(folder));
  const queryOf =
    (target: Pick<PGlite, "query">): Query =>
    async <Row extends object>(sql: string, parameters: readonly unknown[] = []) =>
      (await target.query<Row>(sql, [...parameters])).rows;
  return {
    query: queryOf(pglite),
    transaction: (work) => pglite.transaction((transaction) => work(queryOf(transaction))),
    close: () => pglite.close(),
  };
}
