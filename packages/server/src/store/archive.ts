// The log as a whole, for those who copy it or thin it out; the service itself needs only its end (log.ts).
//
// A log from which nothing was deleted begins with event 1. One that retention has thinned out has gaps up to its older
// snapshot, and none after it: the state follows from that snapshot and what comes later.
import type { Event, Fact, Snapshot } from "@bace-pipe/core";
import type { LogPage } from "./backup.ts";
import type { Database } from "./database.ts";
import { type EventRow, insertEvents, toEvent } from "./log.ts";

const PAGE = 1000;

export interface Archive {
  /** Of the database, for as long as it lives; a restored one has another. */
  id(): Promise<string>;
  /** Events with a greater seq, in order. */
  events(afterSeq: number, limit: number): Promise<readonly Event[]>;
  /** The older of the snapshots that are kept; undefined where there are events from the first on. */
  base(): Promise<Snapshot | undefined>;
  isEmpty(): Promise<boolean>;
  /** Of a log that nobody writes. */
  page(afterSeq: number): Promise<LogPage>;
  /** Into an empty store: everything or nothing. @param more facts that follow what is in there */
  fill(
    base: Snapshot | undefined,
    pages: AsyncIterable<readonly Event[]>,
    more?: readonly Fact[],
  ): Promise<void>;
  /**
   * Deletes events that are older than a time and than every snapshot that is kept, but for those of jobs that are still
   * there, and for fleets, which placements refer to. Returns how many; at most `limit`.
   */
  thin(beforeSeconds: number, jobsThere: readonly string[], limit: number): Promise<number>;
  /** Deletes lines of the audit log that are older; returns how many, at most `limit`. */
  thinAudit(beforeSeconds: number, limit: number): Promise<number>;
}

export function archiveOf(database: Database): Archive {
  const archive: Archive = {
    async id() {
      const [row] = await database.query<{ id: string }>("select id from identity");
      return row!.id;
    },

    async events(afterSeq, limit) {
      const rows = await database.query<EventRow>(
        "select seq, at_seconds, body from events where seq > $1 order by seq limit $2",
        [afterSeq, limit],
      );
      return rows.map(toEvent);
    },

    async base() {
      const [log] = await database.query<{ missing: boolean }>(
        "select count(*) <> coalesce(max(seq), 0) as missing from events",
      );
      if (!log!.missing) return undefined;
      const [older] = await database.query<{ body: Snapshot }>(
        "select body from snapshots order by seq limit 1",
      );
      return older?.body;
    },

    async isEmpty() {
      const [found] = await database.query<{ some: boolean }>(
        "select exists (select from events) or exists (select from snapshots) as some",
      );
      return !found!.some;
    },

    async page(afterSeq) {
      const [log] = await database.query<{ seq: number | string }>(
        `select greatest((select coalesce(max(seq), 0) from events),
                         (select coalesce(max(seq), 0) from snapshots)) as seq`,
      );
      const base = afterSeq === 0 ? ((await archive.base()) ?? null) : null;
      return { seq: Number(log!.seq), base, events: await archive.events(afterSeq, PAGE) };
    },

    async fill(base, pages, more = []) {
      await database.transaction(async (query) => {
        let last = { seq: base?.seq ?? 0, atSeconds: base?.nowSeconds ?? 0 };
        for await (const page of pages) {
          await insertEvents(query, page);
          if (page.at(-1)!.seq > last.seq) last = page.at(-1)!;
        }
        const { atSeconds, seq } = last;
        if (more.length > 0)
          await insertEvents(
            query,
            more.map((fact, i) => ({ ...fact, seq: seq + 1 + i, atSeconds })),
          );
        if (base)
          await query("insert into snapshots (seq, body) values ($1, $2)", [base.seq, JSON.stringify(base)]);
      });
    },

    async thin(beforeSeconds, jobsThere, limit) {
      const rows = await database.query(
        `delete from events where seq in (
           select seq from events
           where seq < (select min(seq) from snapshots) and at_seconds < $1 and kind <> 'fleet-loaded'
             and (job_id is null or job_id <> all ($2::text[]))
           order by seq limit $3)
         returning seq`,
        [beforeSeconds, jobsThere, limit],
      );
      return rows.length;
    },

    async thinAudit(beforeSeconds, limit) {
      const rows = await database.query(
        `delete from audit where seq in (select seq from audit where at_seconds < $1 order by seq limit $2)
         returning seq`,
        [beforeSeconds, limit],
      );
      return rows.length;
    },
  };
  return archive;
}
