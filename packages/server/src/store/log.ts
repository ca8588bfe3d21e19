// The event log: appended to by one writer, read once at the start. State is a fold over it; snapshots only save time.
// Two writers would make two truths. `seq` is the primary key, so the second of two that append the same number fails,
// and a service whose append fails must stop: what it holds in memory may no longer be what is written.
import type { Event, Fact, Fleet, SaidFigure, Snapshot, State } from "@bace-pipe/core";
import { emptyState, fromSnapshot, reduce, toSnapshot } from "@bace-pipe/core";
import type { Database, Query } from "./database.ts";
import { migrate } from "./migrate.ts";
import { readSteps, type Steps, type StepsQuery } from "./steps.ts";

/** Snapshots kept: the newest, and one before it. */
const KEPT_SNAPSHOTS = 2;

export type Decided = Extract<Event, { kind: "placed" | "infeasible" }>;

export interface Log {
  /** All or none, durably. Throws if they do not follow the last event, or if somebody else has written them. */
  append(events: readonly Event[]): Promise<void>;
  saveSnapshot(state: State): Promise<void>;
  /** Placements and infeasibilities with a greater seq, in order. @param jobIds of these alone */
  decisions(afterSeq: number, limit: number, jobIds?: readonly string[]): Promise<readonly Decided[]>;
  /** What was said of a region's price and carbon intensity since a time, and of its GPUs ever, in order. */
  figures(region: string, sinceSeconds: number): Promise<readonly FigureEvent[]>;
  /** What a job has reported. */
  steps(jobId: string, query: StepsQuery): Promise<Steps>;
  /** Every fleet that was ever loaded, in order. */
  fleets(): Promise<readonly { readonly seq: number; readonly fleet: Fleet }[]>;
}

export type FigureEvent = SaidFigure & Event;

export interface EventRow {
  readonly seq: number | string;
  readonly at_seconds: number;
  readonly body: Fact;
}

/** Opens the log of a database and replays it. The state is the caller's: fold into it what is appended. */
export async function openLog(database: Database): Promise<{ log: Log; state: State }> {
  await migrate(database);
  const [newest] = await database.query<{ body: Snapshot }>(
    "select body from snapshots order by seq desc limit 1",
  );
  let state = newest ? fromSnapshot(newest.body) : emptyState();
  const later = await database.query<EventRow>(
    "select seq, at_seconds, body from events where seq > $1 order by seq",
    [state.seq],
  );
  for (const row of later) state = reduce(state, toEvent(row));
  return { log: logOf(database, state.seq), state };
}

function logOf(database: Database, openedAtSeq: number): Log {
  let lastSeq = openedAtSeq;
  return {
    async append(events) {
      events.forEach(({ seq }, i) => {
        if (seq !== lastSeq + 1 + i) throw new Error(`event ${seq} does not follow ${lastSeq + i}`);
      });
      await insertEvents(database.query, events);
      lastSeq += events.length;
    },

    async saveSnapshot(state) {
      const { seq } = state;
      const body = JSON.stringify(toSnapshot(state));
      await database.transaction(async (query) => {
        await query("insert into snapshots (seq, body) values ($1, $2) on conflict (seq) do nothing", [
          seq,
          body,
        ]);
        await query(
          `delete from snapshots where seq not in
             (select seq from snapshots order by seq desc limit ${KEPT_SNAPSHOTS})`,
        );
      });
    },

    async decisions(afterSeq, limit, jobIds) {
      const rows = await database.query<EventRow>(
        `select seq, at_seconds, body from events
         where seq > $1 and kind in ('placed', 'infeasible')
           and ($3::text[] is null or job_id = any ($3)) order by seq limit $2`,
        [afterSeq, limit, jobIds ?? null],
      );
      return rows.map((row) => toEvent(row) as Decided);
    },

    async figures(region, sinceSeconds) {
      const rows = await database.query<EventRow>(
        `select seq, at_seconds, body from events
         where kind in ('price-changed', 'price-curve', 'carbon-changed', 'carbon-curve')
           and body ->> 'region' = $1 and at_seconds >= $2
         union all
         select seq, at_seconds, body from events
         where kind in ('capacity-changed', 'capacity-counted') and body ->> 'region' = $1
         order by seq`,
        [region, sinceSeconds],
      );
      return rows.map((row) => toEvent(row) as FigureEvent);
    },

    steps: (jobId, query) => readSteps(database.query, jobId, query),

    async fleets() {
      const rows = await database.query<EventRow>(
        "select seq, at_seconds, body from events where kind = 'fleet-loaded' order by seq",
      );
      return rows.map((row) => toEvent(row) as Extract<Event, { kind: "fleet-loaded" }>);
    },
  };
}

/** One statement for all of them, which is all or none without a transaction around it. */
export async function insertEvents(query: Query, events: readonly Event[]): Promise<void> {
  const rows = events.map((event) => {
    const { seq, atSeconds, ...fact } = event;
    return { seq, atSeconds, kind: fact.kind, jobId: jobIdOf(event), body: JSON.stringify(fact) };
  });
  await query(
    `insert into events (seq, at_seconds, kind, job_id, body)
     select seq, at_seconds, kind, job_id, body::json
     from unnest($1::bigint[], $2::double precision[], $3::text[], $4::text[], $5::text[])
       as row (seq, at_seconds, kind, job_id, body)`,
    [
      rows.map(({ seq }) => seq),
      rows.map(({ atSeconds }) => atSeconds),
      rows.map(({ kind }) => kind),
      rows.map(({ jobId }) => jobId),
      rows.map(({ body }) => body),
    ],
  );
}

export function toEvent({ seq, at_seconds, body }: EventRow): Event {
  return { ...body, seq: Number(seq), atSeconds: at_seconds };
}

function jobIdOf(event: Event): string | null {
  if (event.kind === "submitted") return event.job.id;
  return "jobId" in event ? event.jobId : null;
}
