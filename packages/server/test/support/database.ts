// A database as if it had just been made: making one takes seconds.
import type { Database } from "../../src/store/database.ts";

export async function clear(database: Database): Promise<void> {
  await database.query("drop schema public cascade");
  await database.query("create schema public");
}
