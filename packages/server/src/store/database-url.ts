// Addresses of PostgreSQL servers, such as postgres://bace@db.example:5432/bace. A password may be in one, and is never
// shown: better in PGPASSWORD or ~/.pgpass.
import { StartError } from "../start-error.ts";

/** The address without its password, for people to read. */
export function shownUrl(url: string): string {
  const parsed = parse(url);
  parsed.password = "";
  for (const name of ["password", "sslpassword"]) parsed.searchParams.delete(name);
  return parsed.href;
}

/** Throws `invalid-database` where it is not the address of a PostgreSQL server. */
export function checkUrl(url: string): void {
  parse(url);
}

function parse(url: string): URL {
  let parsed: URL | undefined;
  try {
    parsed = new URL(url);
  } catch {
    // The error would quote the address, password and all.
  }
  if (parsed && /^postgres(ql)?:$/.test(parsed.protocol)) return parsed;
  throw new StartError(
    "invalid-database",
    "--database is not the address of a PostgreSQL server: write postgres://USER@HOST:PORT/NAME",
  );
}
