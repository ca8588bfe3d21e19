// The steps of a job as they were reported, thinned out in the database: a series for a picture needs hundreds of points and
// a log has many thousands.
import type { Fact } from "@bace-pipe/core";
import type { Query } from "./database.ts";

export interface StepsQuery {
  /** Of the job that has the name now: events of an earlier one are older. */
  readonly sinceSeconds: number;
  readonly afterSeq: number;
  /** At most so many, evenly; the first and the last are among them. From 2. */
  readonly points: number;
}

export interface Step {
  readonly seq: number;
  readonly atSeconds: number;
  readonly epoch: number;
  /** Steps finished, from 1. After a checkpoint that a later epoch goes on from, some come again. */
  readonly step: number;
  readonly loss: number | null;
  readonly stepSeconds: number;
}

export interface Steps {
  /** Before they were thinned out. */
  readonly count: number;
  readonly steps: readonly Step[];
}

interface Row {
  readonly seq: number | string;
  readonly at_seconds: number;
  readonly count: number | string;
  readonly body: Extract<Fact, { kind: "progress" }>;
}

/** In the order of the log. */
export async function readSteps(
  query: Query,
  jobId: string,
  { afterSeq, points, sinceSeconds }: StepsQuery,
): Promise<Steps> {
  const rows = await query<Row>(
    `with numbered as (
       select seq, row_number() over (order by seq) as place, count(*) over () as count from events
       where kind = 'progress' and job_id = $1 and seq > $2 and at_seconds >= $3)
     select seq, at_seconds, (select count from numbered limit 1) as count, body from events
     where seq = any (array(
       select seq from numbered
       where count <= $4 or place = 1
         or ((place - 1) * ($4 - 1)) / (count - 1) > ((place - 2) * ($4 - 1)) / (count - 1)))
     order by seq`,
    [jobId, afterSeq, sinceSeconds, points],
  );
  return {
    count: Number(rows[0]?.count ?? 0),
    steps: rows.map(({ at_seconds: atSeconds, body, seq }) => {
      const { epoch, loss, step, stepSeconds } = body;
      return { seq: Number(seq), atSeconds, epoch, step, loss, stepSeconds };
    }),
  };
}
