// Which database is meant: --database, then the settings, then the one in the state folder.
import { Option } from "commander";
import type { Io } from "../io.ts";
import { lookUp } from "../settings/lookup.ts";

export function databaseOption(): Option {
  return new Option(
    "--database <url>",
    "PostgreSQL server, such as postgres://bace@db.example/bace (BACE_DATABASE, default: one in the state folder)",
  );
}

export function databaseUrl({ database }: { readonly database?: string }, io: Io): string | undefined {
  return database ?? lookUp("database", io)?.value;
}
