// From the text of a job file to jobs that may enter the queue. All jobs of a file or none; a name that is there already
// with the same content is not an error, so that a submission may be repeated when its answer was lost.
// `submitSeconds` of a file is for simulations; here a job is submitted when it comes in.
import { realpathSync } from "node:fs";
import { dirname, relative, resolve, sep } from "node:path";
import type { Job, State } from "@bace-pipe/core";
import { type Diagnostic, type FileReader, type JobOptions, parseJobs } from "@bace-pipe/core/spec";
import { canonicalJson } from "./canonical-json.ts";
import { readerIn } from "./files.ts";
import { pathsOf, tooComplex, unsafeField } from "./job-text.ts";
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

export interface AdmissionOptions extends Omit<JobOptions, "tenant"> {
  /** Whose jobs these must be: jobs that name no tenant are. null or absent: anybody's. */
  readonly tenant?: string | null;
  /** Folder of the service's own files: no job reads or writes there. */
  readonly keepOut?: string | undefined;
  /** Whether files that jobs name are not read on this machine. */
  readonly readsNoFiles?: boolean;
}

const MOST_JOBS = 10_000;
/** Of a tenant, and of all that there are or that somebody makes up. */
const MOST_QUEUED = 20_000;
const MOST_QUEUED_OF_ALL = 100_000;
const MOST_DIAGNOSTICS = 20;
const LONGEST_MESSAGE = 500;

/** The jobs of a file for the fleet of a state. Throws a problem if the file is wrong or a name is taken. */
export function admitJobs(
  state: State,
  jobFile: JobFile,
  nowSeconds: number,
  { keepOut, tenant = null, readsNoFiles = tenant !== null, ...options }: AdmissionOptions,
): Admission {
  const { directory } = jobFile;
  const readFile = readsNoFiles ? readsNothing : readerFor(directory, keepOut);
  const jobs = parsed(state, jobFile, { ...options, readFile, tenant: tenant ?? undefined }).map((job) => {
    refuseOtherTenant(job, tenant);
    return { ...withAbsolutePaths(job, directory), submitSeconds: nowSeconds };
  });
  if (jobs.length > MOST_JOBS) {
    const message = `${jobs.length} jobs, of ${MOST_JOBS} at most in one file: submit them in several`;
    throw refused(jobFile, message);
  }
  for (const job of jobs) {
    const field = unsafeField(job);
    if (field !== undefined)
      throw refused(jobFile, `${job.id}: ${field} has control characters, or is longer than any path`);
    const inside = pathsOf(job).find((path) => isInside(path, keepOut));
    if (inside !== undefined) throw refused(jobFile, `${job.id}: ${inside} is among the service's own files`);
    const above = job.training?.data.paths.find((path) => reaches(path, keepOut));
    if (above !== undefined)
      throw refused(
        jobFile,
        `${job.id}: ${above} has the service's own files in it: name folders beside them`,
      );
  }
  const fresh = jobs.filter((job) => {
    const known = state.jobs.get(job.id);
    if (known && content(known.job) !== content(job)) {
      throw new ProblemError("name-taken", `there is another job "${job.id}": give this one another name`);
    }
    return !known;
  });
  refuseFullQueue(state, fresh);
  const names = new Set(fresh.map(({ id }) => id));
  const existing = jobs.filter(({ id }) => !names.has(id)).map(({ id }) => id);
  return { fresh, existing };
}

function parsed(
  state: State,
  jobFile: JobFile,
  options: JobOptions & { readonly readFile: FileReader },
): readonly Job[] {
  const complex = tooComplex(jobFile.text);
  if (complex !== undefined) throw refused(jobFile, `not usable YAML: ${complex}`);
  const result = parseJobs(jobFile.text, jobFile.file, state.fleet!, options);
  if (result.ok) return result.value;
  const diagnostics = result.diagnostics.slice(0, MOST_DIAGNOSTICS).map(shortened);
  const { line, column, message } = diagnostics[0]!;
  const detail = `${jobFile.file}:${line}:${column}: ${message}`;
  throw new ProblemError("invalid-job", detail, diagnostics);
}

/** What is wrong with a file as a whole. */
function refused({ file }: JobFile, message: string): ProblemError {
  return new ProblemError("invalid-job", `${file}: ${message}`);
}

/** Complaints quote what they are about, of whatever length. */
function shortened(diagnostic: Diagnostic): Diagnostic {
  const short = (text: string) =>
    text.length > LONGEST_MESSAGE ? `${text.slice(0, LONGEST_MESSAGE)} …` : text;
  return {
    ...diagnostic,
    field: short(diagnostic.field),
    message: short(diagnostic.message),
    hint: short(diagnostic.hint),
  };
}

const readsNothing: FileReader = (name) => ({
  problem: `${name} is not read for this token`,
  hint: "write its values into the job",
});

/** Files that a job names are read on this machine, as the service: only for those who may see everything of it. */
function readerFor(directory: string, keepOut: string | undefined): FileReader {
  const read = readerIn(directory);
  return (name) => {
    if (isInside(resolve(directory, name), keepOut))
      return { problem: `${name} is among the service's own files`, hint: "name another file" };
    return read(name);
  };
}

/** Whether a path, or what its links lead to, is in a folder. */
function isInside(path: string, folder: string | undefined): boolean {
  if (folder === undefined) return false;
  const outer = `${realOf(folder)}${sep}`;
  return `${realOf(path)}${sep}`.startsWith(outer);
}

/** Whether ranks that read a folder's text would come to another folder: they leave out what is hidden, and packages. */
function reaches(path: string, folder: string | undefined): boolean {
  if (folder === undefined) return false;
  const between = relative(realOf(path), realOf(folder)).split(sep);
  return !between.some((name) => name.startsWith(".") || name === "node_modules");
}

/** Without links, as far as the path exists. */
function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : resolve(realOf(parent), path.slice(parent.length).replace(/^\/+/, ""));
  }
}

function refuseOtherTenant(job: Job, tenant: string | null): void {
  if (tenant === null || job.tenant === tenant) return;
  throw new ProblemError(
    "wrong-tenant",
    `"${job.id}" is of tenant ${job.tenant}: this token is for ${tenant}`,
  );
}

function refuseFullQueue(state: State, fresh: readonly Job[]): void {
  const added = new Map<string, number>();
  for (const { tenant } of fresh) added.set(tenant, (added.get(tenant) ?? 0) + 1);
  if (state.jobs.size + fresh.length <= MOST_QUEUED) return; // no need to count
  let all = fresh.length;
  for (const { job, phase } of state.jobs.values()) {
    if (phase !== "queued" && phase !== "infeasible") continue; // those that fit nowhere wait for a larger fleet
    all++;
    const count = added.get(job.tenant);
    if (count !== undefined) added.set(job.tenant, count + 1);
  }
  if (all > MOST_QUEUED_OF_ALL)
    throw new ProblemError("queue-full", `there would be ${all} jobs in the queue, of ${MOST_QUEUED_OF_ALL}`);
  for (const [tenant, count] of added) {
    if (count > MOST_QUEUED)
      throw new ProblemError(
        "queue-full",
        `${tenant} would have ${count} jobs in the queue, of ${MOST_QUEUED}`,
      );
  }
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
