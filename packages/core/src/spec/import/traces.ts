// Job traces of GPU clusters in the style of Microsoft's Philly (timestamp, duration, num_gpus, cluster): when jobs come,
// how many GPUs they ask for and how long they run are the trace's; that each is a pipeline is ours. A job's work is
// chosen so that it runs for exactly the trace's duration on its number of GPUs with nothing lost to communication:
//   iterations · (m + k − 1) · (F + B) / k = duration     with k = num_gpus, B = 2·F, no overhead per action
// It asks for k GPUs, no more and no less, and has k layers, so that every stage is one. GPUs are of any type: times are
// given outright. Left out: what a trace says of failures, retries and machines, and tenants' quotas. Times without an
// offset are taken as they stand, so a change from summer time within a trace stays in it as an hour.
import type { Job, Work } from "../../cost/job.ts";
import { type CsvRow, readCsv } from "../csv.ts";
import type { Diagnostic } from "../diagnostic.ts";
import { counted, type Imported, imported, nameOf, numberCell, refused } from "./imported.ts";
import { parseInstant } from "./utc.ts";

export interface TraceOptions {
  /** The first so many, by submit time. */
  readonly limit?: number | undefined;
  /** Only jobs submitted from here on (seconds since 1970) … */
  readonly fromSeconds?: number | undefined;
  /** … and before here. */
  readonly toSeconds?: number | undefined;
  /** On the time between arrivals, not on durations: 0.1 makes ten times the load. */
  readonly timeScale?: number | undefined;
  /** On GPU counts, rounded to at least 1; durations stay. */
  readonly gpuScale?: number | undefined;
  /** Jobs that ask for more GPUs, after scaling, are left out. */
  readonly mostGpus?: number | undefined;
  /** About how long one iteration takes; whole iterations make up the duration. */
  readonly iterationSeconds?: number | undefined;
  /** Per iteration. */
  readonly microbatches?: number | undefined;
  /** Between two stages, per micro-batch: the trace does not know. */
  readonly activationBytes?: number | undefined;
}

/** A job whose times are given outright. */
export type TracedJob = Job & { readonly work: Extract<Work, { kind: "seconds" }> };

type Chosen = { readonly [Option in keyof TraceOptions]-?: number };

export const TRACE_DEFAULTS: Chosen = {
  limit: Number.POSITIVE_INFINITY,
  fromSeconds: Number.NEGATIVE_INFINITY,
  toSeconds: Number.POSITIVE_INFINITY,
  timeScale: 1,
  gpuScale: 1,
  // What a job file may ask for.
  mostGpus: 512,
  iterationSeconds: 10,
  microbatches: 16,
  // One sequence of 1024 tokens of a 14B model (hidden size 5120) in bf16.
  activationBytes: 1024 * 5120 * 2,
};

const COLUMNS = ["timestamp", "duration", "num_gpus", "cluster"] as const;

interface TracedRow {
  readonly row: CsvRow;
  readonly submittedSeconds: number;
  readonly durationSeconds: number;
  readonly gpus: number;
}

/**
 * Jobs by submit time, the first at second 0, named after their line in the file. Rows without a GPU or without a
 * duration never ran: they are left out and counted, like those that ask for too many GPUs.
 */
export function tracedJobs(
  text: string,
  file: string,
  options: TraceOptions = {},
): Imported<readonly TracedJob[]> {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const chosen: Chosen = { ...TRACE_DEFAULTS, ...Object.fromEntries(given) };
  const table = readCsv(text, file, COLUMNS);
  if (!table.ok) return table;
  const problems: Diagnostic[] = [];
  const all = table.value.rows.map((row) => tracedRow(row, chosen.gpuScale, problems));
  if (problems.length > 0) return refused(problems);
  const leftOut = (reason: string, hint: string, isOut: (row: TracedRow) => boolean): Diagnostic[] => {
    const rows = all.filter(isOut);
    const message = `${counted(rows.length, "row")} ${reason} left out, this one first`;
    return rows.slice(0, 1).map(({ row }) => row.diagnostic("num_gpus", "rows-left-out", message, hint));
  };
  const never = ({ durationSeconds, gpus }: TracedRow) => durationSeconds <= 0 || gpus === 0;
  const inTime = ({ submittedSeconds }: TracedRow) =>
    submittedSeconds >= chosen.fromSeconds && submittedSeconds < chosen.toSeconds;
  const tooMany = (row: TracedRow) => inTime(row) && !never(row) && row.gpus > chosen.mostGpus;
  const warnings = [
    ...leftOut("without a GPU or a duration", "they never ran", never),
    ...leftOut(`of more than ${chosen.mostGpus} GPUs`, "raise the bound, or scale the GPUs down", tooMany),
  ];
  const kept = all
    .filter((row) => inTime(row) && !never(row) && !tooMany(row))
    .sort((a, b) => a.submittedSeconds - b.submittedSeconds)
    .slice(0, chosen.limit);
  const renamed = kept.filter(({ row }) => nameOf(row.get("cluster")) !== row.get("cluster"));
  if (renamed.length > 0) {
    const [{ row }] = renamed as [TracedRow, ...TracedRow[]];
    const message = `clusters of ${counted(renamed.length, "job")} are no names of tenants, this one first`;
    const hint = `it is written "${nameOf(row.get("cluster"))}"`;
    warnings.push(row.diagnostic("cluster", "csv-value", message, hint));
  }
  if (kept.length === 0) {
    const message = `none of ${counted(all.length, "job")} is chosen`;
    const hint = "widen the time, the GPU bound or the limit";
    return refused([table.value.header.diagnostic("timestamp", "rows-left-out", message, hint)]);
  }
  const startSeconds = kept[0]!.submittedSeconds;
  const jobs = kept.map((row) =>
    jobOf(row, (row.submittedSeconds - startSeconds) * chosen.timeScale, chosen),
  );
  return imported(jobs, warnings);
}

function tracedRow(row: CsvRow, gpuScale: number, problems: Diagnostic[]): TracedRow {
  const instant = parseInstant(row.get("timestamp"));
  if (!instant) {
    const message = `"${row.get("timestamp")}" is not a date and time`;
    problems.push(row.diagnostic("timestamp", "csv-value", message, 'write it as "2017-10-09 07:01:55"'));
  }
  const gpus = numberCell(row, "num_gpus", problems);
  if (gpus < 0 || (!Number.isNaN(gpus) && !Number.isInteger(gpus))) {
    const message = `${gpus} is not a number of GPUs`;
    problems.push(row.diagnostic("num_gpus", "csv-value", message, "write a whole number, 0 or more"));
  }
  return {
    row,
    submittedSeconds: instant?.seconds ?? 0,
    durationSeconds: numberCell(row, "duration", problems),
    gpus: gpus === 0 ? 0 : Math.max(1, Math.round(gpus * gpuScale)),
  };
}

function jobOf(
  { row, durationSeconds, gpus }: TracedRow,
  submitSeconds: number,
  { iterationSeconds, microbatches, activationBytes }: Chosen,
): TracedJob {
  const iterations = Math.max(1, Math.round(durationSeconds / iterationSeconds));
  const wholeSeconds = (durationSeconds / iterations / (microbatches + gpus - 1)) * gpus;
  return {
    id: `job-${row.line}`,
    tenant: nameOf(row.get("cluster")),
    submitSeconds,
    work: { kind: "seconds", forwardSeconds: wholeSeconds / 3, backwardSeconds: (2 * wholeSeconds) / 3 },
    layers: gpus,
    headLayers: 0,
    microbatches,
    iterations,
    activationBytes,
    overheadSeconds: 0,
    minGpus: gpus,
    maxGpus: gpus,
  };
}
