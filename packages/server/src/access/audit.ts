// Who did what, when, with which outcome: a line for every request that changed something and for every refusal. Lines of
// requests that are answered at the same time are written together, and an answer waits for its line.
// Refusals can be had for nothing: of those that are alike, the first is written and the others of a minute are counted.
// Left out: what ranks report, which is in the event log.
import type { Database } from "../store/database.ts";

export interface AuditEntry {
  readonly atSeconds: number;
  readonly requestId: string;
  readonly tokenId: string | null;
  readonly tokenName: string | null;
  /** Address that it came from. */
  readonly remote: string;
  readonly method: string;
  readonly route: string;
  readonly status: number;
  /** Of the problem, where it was refused. */
  readonly code: string | null;
  readonly jobIds: readonly string[];
}

export interface AuditLine extends AuditEntry {
  readonly seq: number;
  readonly times: number;
}

export interface Audit {
  /** Resolves when it is stored. Never rejects: what has happened has happened; the failure is reported. */
  note(entry: AuditEntry): Promise<void>;
  page(afterSeq: number, limit: number): Promise<readonly AuditLine[]>;
  /** Writes what was only counted. */
  close(): Promise<void>;
}

export interface AuditOptions {
  readonly database: Database;
  readonly nowSeconds: () => number;
  readonly onError: (error: unknown) => void;
}

const FOLD_SECONDS = 60;
/** Kinds of refusal that are counted at once; beyond, all are written. */
const MOST_COUNTED = 1000;
const COLUMNS = `at_seconds double precision, request_id text, token_id text, token_name text, remote text,
  method text, route text, status integer, code text, job_ids json, times integer`;
const NAMES = COLUMNS.replaceAll(/ (double precision|text|integer|json)/g, "");

type Pending = AuditEntry & { readonly times: number };

interface Counted {
  readonly sinceSeconds: number;
  last?: AuditEntry;
  times: number;
}

export function openAudit({ database, nowSeconds, onError }: AuditOptions): Audit {
  let pending: Pending[] = [];
  let flushing: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const counted = new Map<string, Counted>();

  const write = async (): Promise<void> => {
    const rows = pending;
    pending = [];
    if (rows.length === 0) return;
    const json = JSON.stringify(rows.map(rowOf));
    await database
      .query(
        `insert into audit (${NAMES}) select ${NAMES} from json_to_recordset($1::json) as line(${COLUMNS})`,
        [json],
      )
      .catch(onError);
  };

  /** One write at a time; everybody who comes meanwhile shares the next one. */
  const flush = (): Promise<void> => {
    if (!flushing) {
      flushing = write().finally(() => {
        flushing = undefined;
      });
      return flushing;
    }
    next ??= flushing.then(() => {
      next = undefined;
      return flush();
    });
    return next;
  };

  /** Counts of minutes that are over. */
  const settle = (now: number): void => {
    for (const [key, { last, sinceSeconds, times }] of counted) {
      if (now < sinceSeconds + FOLD_SECONDS) continue;
      counted.delete(key);
      if (last) pending.push({ ...last, times });
    }
  };

  return {
    note(entry) {
      settle(nowSeconds());
      const { code, method, remote, route, tokenId } = entry;
      const key = [tokenId, remote, method, route, code].join(" ");
      const same = counted.get(key);
      if (same) {
        same.times++;
        same.last = entry;
        return pending.length > 0 ? flush() : Promise.resolve();
      }
      const isRefusal = entry.status === 401 || entry.status === 403 || entry.status === 429;
      if (isRefusal && counted.size < MOST_COUNTED)
        counted.set(key, { sinceSeconds: nowSeconds(), times: 0 });
      pending.push({ ...entry, times: 1 });
      return flush();
    },
    async page(afterSeq, limit) {
      const rows = await database.query<Row>("select * from audit where seq > $1 order by seq limit $2", [
        afterSeq,
        limit,
      ]);
      return rows.map(lineOf);
    },
    async close() {
      settle(Number.POSITIVE_INFINITY);
      await flush();
    },
  };
}

interface Row {
  readonly seq: number | string;
  readonly at_seconds: number;
  readonly request_id: string;
  readonly token_id: string | null;
  readonly token_name: string | null;
  readonly remote: string;
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly code: string | null;
  readonly job_ids: readonly string[];
  readonly times: number;
}

function rowOf(entry: Pending): Omit<Row, "seq"> {
  const { code, method, remote, route, status, times } = entry;
  return {
    ...{ code, method, remote, route, status, times },
    at_seconds: entry.atSeconds,
    request_id: entry.requestId,
    token_id: entry.tokenId,
    token_name: entry.tokenName,
    job_ids: entry.jobIds,
  };
}

function lineOf(row: Row): AuditLine {
  const { code, method, remote, route, status, times } = row;
  return {
    ...{ code, method, remote, route, status, times },
    seq: Number(row.seq),
    atSeconds: row.at_seconds,
    requestId: row.request_id,
    tokenId: row.token_id,
    tokenName: row.token_name,
    jobIds: row.job_ids,
  };
}
