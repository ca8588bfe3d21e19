// The store's port: plain PostgreSQL, whoever speaks it. Embedded PGlite is one adapter (pglite.ts); a client of a
// PostgreSQL server would be another, of the same three methods.
//
//   await database.transaction(async (query) => {
//     await query("insert into events (seq, …) values ($1, …)", [8, …]);
//   });                                  // committed when the promise resolves, rolled back when the work throws

/** Runs one statement; parameters are $1, $2 … JSON columns come back parsed, bigint as number or text. */
export type Query = <Row extends object>(
  sql: string,
  parameters?: readonly unknown[],
) => Promise<readonly Row[]>;

export interface Database {
  readonly query: Query;
  transaction<T>(work: (query: Query) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}
