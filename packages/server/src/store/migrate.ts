// Brings a database to the current schema: numbered migrations, each in a transaction with the note that it was done.
// Only ever forwards. A database from a newer version is refused rather than guessed at.
import type { Database } from "./database.ts";
import { log } from "./migrations/0001-log.ts";
import { identity } from "./migrations/0002-identity.ts";
import { access } from "./migrations/0003-access.ts";
import { drawn } from "./migrations/0004-drawn.ts";

/** Statements by number, from 1. A migration that has been released is never changed. */
const MIGRATIONS: readonly (readonly string[])[] = [log, identity, access, drawn];

export async function migrate(database: Database): Promise<void> {
  await database.query("create table if not exists migrations (number integer primary key)");
  const rows = await database.query<{ last: number | null }>("select max(number) as last from migrations");
  const done = rows[0]!.last ?? 0;
  if (done > MIGRATIONS.length) {
    throw new Error(
      `the database has schema ${done}; this version knows ${MIGRATIONS.length}: use a newer one`,
    );
  }
  for (const [index, statements] of MIGRATIONS.entries()) {
    const number = index + 1;
    if (number <= done) continue;
    await database.transaction(async (query) => {
      for (const statement of statements) await query(statement);
      await query("insert into migrations (number) values ($1)", [number]);
    });
  }
}
