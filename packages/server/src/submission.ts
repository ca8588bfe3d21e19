// From the text of a job file to jobs that may enter the queue. All jobs of a file or none; a name that is there already
// with the same content is not an error, so that a submission may be repeated when its answer was lost.
// `submitSeconds` of a file is for simulations; here a job is submitted when it comes in.
import { resolve } from "node:path";
import type { Job, State } from "@bace-pipe/core";
import { type JobOptions, parseJobs } from "@bace-pipe/core/spec";
import { canonicalJson } from "./canonical-json.ts";
import { readerIn } from "./files.ts";
import { ProblemError } from "./problem.ts";

export interface JobFile {
  readonly file: string;
  readonly text: string;
  /** Folder that relative paths start from. */
  readonly directory: string;
}

export interface Admission {
  /** Not known yet. */
  readonly fresh: readonly Job[];
  /** Names that are there already, with the same content. */
  readonly existing: readonly string[];
}

/** The jobs of a file for the fleet of a state. Throws a problem if the file is wrong or a name is taken. */
export function admitJobs(
  state: State,
  { file, text, directory }: JobFile,
  nowSeconds: number,
  options: JobOptions,
): Admission {
  const parsed = parseJobs(text, file, state.fleet!, { ...options, readFile: readerIn(directory) });
  if (!parsed.ok) {
    const { diagnostics } = parsed;
    const { line, column, message } = diagnostics[0]!;
    const detail = `${file}:${line}:${column}: ${message}`;
    throw new ProblemError("invalid-job", detail, diagnostics);
  }
  const jobs = parsed.value.map((job) => ({
    ...withAbsolutePaths(job, directory),
    submitSeconds: nowSeconds,
  }));
  const fresh = jobs.filter((job) => {
    const known = state.jobs.get(job.id);
    if (known && content(known.job) !== content(job)) {
      throw new ProblemError("name-taken", `there is another job "${job.id}": give this one another name`);
    }
    return !known;
  });
  const existing = jobs.filter((job) => !fresh.includes(job)).map(({ id }) => id);
  return { fresh, existing };
}

function withAbsolutePaths(job: Job, directory: string): Job {
  if (!job.training) return job;
  const { checkpoint, data } = job.training;
  const paths = data.paths.map((path) => resolve(directory, path));
  const location =
    checkpoint.location === undefined ? {} : { location: resolve(directory, checkpoint.location) };
  const training = { ...job.training, data: { ...data, paths }, checkpoint: { ...checkpoint, ...location } };
  return { ...job, training };
}

/** What makes two jobs the same: everything but when they came in. */
function content(job: Job): string {
  const { submitSeconds: _, ...rest } = job;
  return canonicalJson(rest);
}
