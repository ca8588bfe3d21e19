// A service is active in terms. A term begins with the database's lock, and ends when the writer fails or the session is
// lost: what is in memory may then differ from what is written, so everything in memory is given up, and the next term
// reads the log again. In between, and while another instance has the lock, this one stands by.
//
//   open: the lock ──► begin: migrate, replay, answer, act ──► something fails ──► pause ──► open …
//         └─ somebody else has it: ask again in a second
import type { Logger } from "pino";
import { standingBy } from "./standby.ts";
import type { Database } from "./store/database.ts";

const ASK_AGAIN_SECONDS = 1;
const FIRST_PAUSE_SECONDS = 0.5;
const LONGEST_PAUSE_SECONDS = 5;
/** A term of this length has proved that the trouble before it is over. */
const SOUND_TERM_SECONDS = 60;

/** @param env of the adapter: tells the address of the other end. */
export type Handler = (request: Request, env?: object) => Response | Promise<Response>;

export interface Term {
  readonly fetch: Handler;
  /** Rejects when the term has ended by itself; never resolves. */
  readonly failed: Promise<never>;
  /** Whether it can still be relied on. */
  healthy(): boolean;
  close(): Promise<void>;
}

export type Turn =
  | { readonly kind: "active" }
  /** @param why as people read it. */
  | { readonly kind: "standing-by"; readonly why: string };

export interface TermsOptions {
  /** The database with its lock; undefined while another instance has it. */
  readonly open: () => Promise<Database | undefined>;
  /** @param isFirst the user is there: what can be mended is refused rather than lived with. */
  readonly begin: (database: Database, isFirst: boolean) => Promise<Term>;
  readonly onTurn: (turn: Turn) => void;
  readonly logger: Logger;
}

export interface Terms {
  readonly fetch: Handler;
  /** Ends the term in good order, and begins no other. */
  close(): Promise<void>;
}

/** Resolves in the first term, or standing by. Rejects where the first term cannot begin. */
export async function startTerms({ begin, logger, onTurn, open }: TermsOptions): Promise<Terms> {
  let term: Term | undefined;
  let stopping = false;
  let stop = () => {};
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
  });

  const next = async (isFirst: boolean): Promise<Term | undefined> => {
    const database = await open();
    if (!database) return undefined;
    try {
      return await begin(database, isFirst);
    } catch (error) {
      await database.close().catch(() => {}); // the first error is the one to tell
      throw error;
    }
  };

  /** Until the term has ended; returns how long to wait for the next. */
  const serve = async (current: Term, pauseSeconds: number): Promise<number> => {
    const beganSeconds = performance.now() / 1000;
    const error = await Promise.race([stopped, current.failed.catch((reason: Error) => reason)]);
    if (!error) return 0;
    term = undefined;
    onTurn({ kind: "standing-by", why: error.message });
    logger.error(error, "the term has ended: its memory is given up, and the log read again");
    await current.close().catch((problem: unknown) => logger.error(problem, "closing the term"));
    return performance.now() / 1000 - beganSeconds > SOUND_TERM_SECONDS ? FIRST_PAUSE_SECONDS : pauseSeconds;
  };

  const run = async (): Promise<void> => {
    let pauseSeconds = FIRST_PAUSE_SECONDS;
    while (!stopping) {
      if (term) pauseSeconds = await serve(term, pauseSeconds);
      if (stopping) return;
      let isTaken = false;
      try {
        await pause(pauseSeconds, stopped);
        if (stopping) return;
        term = await next(false);
        isTaken = term === undefined;
        if (term) onTurn({ kind: "active" });
      } catch (error) {
        logger.error(error, "no term could begin");
      }
      pauseSeconds = isTaken ? ASK_AGAIN_SECONDS : Math.min(2 * pauseSeconds, LONGEST_PAUSE_SECONDS);
    }
  };

  term = await next(true);
  onTurn(term ? { kind: "active" } : { kind: "standing-by", why: "another instance is the active one" });
  const running = run();
  return {
    async fetch(request, env) {
      const current = term;
      if (!current) return standingBy(request);
      const response = await current.fetch(request, env);
      return response.status >= 500 && !current.healthy() ? standingBy(request) : response;
    },
    async close() {
      stopping = true;
      stop();
      await running;
      await term?.close();
    },
  };
}

async function pause(seconds: number, stopped: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const slept = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, seconds * 1000);
  });
  await Promise.race([slept, stopped]);
  clearTimeout(timer);
}
