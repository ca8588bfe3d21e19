// The store's port: plain PostgreSQL, whoever speaks it. Embedded PGlite is one adapter (pglite.ts), the session of a
// PostgreSQL server another (postgres.ts).
//
//   await database.transaction(async (query) => {
//     await query("insert into events (seq, …) values ($1, …)", [8, …]);
//   });                                  // committed when the promise resolves, rolled back when the work throws
//
// A transaction whose promise rejects may have been committed all the same, where the session was lost meanwhile. Who
// needs to know reads it back from a new session; nobody guesses.

/** Runs one statement; parameters are $1, $2 … JSON columns come back parsed, bigint as number or text. */
export type Query = <Row extends object>(
  sql: string,
  parameters?: readonly unknown[],
) => Promise<readonly Row[]>;

export interface Database {
  /** Sees what is committed: never the middle of somebody's transaction. */
  readonly query: Query;
  transaction<T>(work: (query: Query) => Promise<T>): Promise<T>;
  close(): Promise<void>;
  /** Rejects when the session has ended by itself, never resolves. Absent where there is none to lose. */
  readonly lost?: Promise<never>;
}
