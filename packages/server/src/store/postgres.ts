// A PostgreSQL server, through one session that does everything. Its first act is to take an advisory lock, which is the
// session's for as long as it lives: who writes is who has the lock, and when the session dies both end together. So
// there is no pool, and no proxy that hands sessions around (PgBouncer in transaction mode) may be in between.
//
// Keys of advisory locks are per database; the schema is part of this one, so that several services may share a database.
import { Socket } from "node:net";
import { Client } from "pg";
import { StartError } from "../start-error.ts";
import type { Database, Query } from "./database.ts";
import { checkUrl, shownUrl } from "./database-url.ts";
import { createTurns } from "./turns.ts";

export interface PostgresOptions {
  readonly connectSeconds?: number;
  /** How long the server may take for one answer before the session counts as lost. */
  readonly answerSeconds?: number;
  readonly heartbeatSeconds?: number;
}

const TAKE_LOCK =
  "select pg_try_advisory_lock(hashtextextended('bace-pipe ' || current_schema(), 0)) as taken";

/**
 * Of the session: a commit is on disk when it is said to be; a host that has vanished loses its lock after 40 s, when the
 * session has counted itself as lost for long.
 */
const PREPARE = `select
  set_config('application_name', 'bace-pipe', false),
  set_config('synchronous_commit', case current_setting('synchronous_commit') when 'off' then 'on'
    else current_setting('synchronous_commit') end, false),
  set_config('tcp_keepalives_idle', '20', false),
  set_config('tcp_keepalives_interval', '5', false),
  set_config('tcp_keepalives_count', '4', false)`;

/** Opens a session; undefined where another one has the lock. Throws `database-unreachable` where there is none to have. */
export async function openPostgres(
  url: string,
  options: PostgresOptions = {},
): Promise<Database | undefined> {
  const { connectSeconds = 10, answerSeconds = 20, heartbeatSeconds = 2 } = options;
  checkUrl(url);
  const socket = new Socket();
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: connectSeconds * 1000,
    stream: () => socket,
  });
  let closing = false;
  let lose: (error: Error) => void = () => {};
  const lost = new Promise<never>((_, reject) => {
    lose = (error) => {
      if (!closing) reject(error);
    };
  });
  lost.catch(() => {}); // whoever cares awaits it
  client.on("error", (error) => lose(error));
  client.on("end", () => lose(new Error("the database has ended the session")));
  try {
    await client.connect();
  } catch (error) {
    closing = true;
    socket.destroy();
    throw new StartError("database-unreachable", `${shownUrl(url)}: ${messageOf(error)}`);
  }

  const inTurn = createTurns();
  const run: Query = async <Row extends object>(sql: string, parameters: readonly unknown[] = []) =>
    (await client.query<Row>(sql, [...parameters])).rows;
  const heartbeat = keepAsking(
    () => inTurn(() => client.query("select 1")),
    { answerSeconds, heartbeatSeconds },
    () => socket.destroy(new Error(`the database has not answered for ${answerSeconds} s`)),
  );
  const close = async (): Promise<void> => {
    closing = true;
    clearInterval(heartbeat);
    await inTurn(() => client.end()).catch(() => {}); // it is gone already
  };
  try {
    await run(PREPARE);
    const [row] = await run<{ taken: boolean }>(TAKE_LOCK);
    if (!row!.taken) {
      await close();
      return undefined;
    }
  } catch (error) {
    await close();
    throw error;
  }

  return {
    lost,
    close,
    query: (sql, parameters) => inTurn(() => run(sql, parameters)),
    transaction: (work) =>
      inTurn(async () => {
        await run("begin");
        try {
          const result = await work(run);
          // Of a transaction in which a statement has failed, "commit" is an error-free rollback.
          const { command } = await client.query("commit");
          if (command !== "COMMIT") throw new Error("a statement had failed: nothing was committed");
          return result;
        } catch (error) {
          await run("rollback").catch(() => {}); // the first error is the one to tell
          throw error;
        }
      }),
  };
}

/** Calls back when an answer takes too long. Asks in turn: a statement that is being run counts as one. */
function keepAsking(
  ask: () => Promise<unknown>,
  { answerSeconds, heartbeatSeconds }: Required<Pick<PostgresOptions, "answerSeconds" | "heartbeatSeconds">>,
  silent: () => void,
): NodeJS.Timeout {
  let asking = false;
  const timer = setInterval(async () => {
    if (asking) return;
    asking = true;
    const patience = setTimeout(silent, answerSeconds * 1000);
    await ask().catch(() => {}); // an end of the session is told by the session
    clearTimeout(patience);
    asking = false;
  }, heartbeatSeconds * 1000);
  return timer.unref();
}

/** Of several addresses that were tried in vain, the first's reason. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return messageOf(error.errors[0]);
  return (error as Error).message;
}
