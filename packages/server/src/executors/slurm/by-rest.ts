// Jobs by slurmrestd, version 0.0.38 of its interface (Slurm 22.05 to 23.11). The rules are those of the commands: what is
// not clearly refused may have happened, and an answer that is not of the form that the interface says is none at all.
// Two things are otherwise. Lists are of the whole cluster: the interface has no filter. And signals go to all processes
// of a job, so SIGUSR1 it is, which the supervisor and the ranks take for "stop", and srun passes on.
// Left out: other versions of the interface; the warning before a time limit for a part of a job on one node (the
// interface refuses the "B:" of --signal, and a job without steps has nobody else to tell).
import { z } from "zod";
import { byKey, type ClusterJobs } from "./cluster-jobs.ts";
import { JOB_PREFIX, type QueuedJob } from "./queue.ts";
import { type Complaints, complaints, got, parsed, printable, problemOf, ROOT } from "./rest-answer.ts";
import type { AskRest } from "./rest-client.ts";
import { jobDescription } from "./rest-job.ts";
import { refusalOf } from "./states.ts";

const SUBMIT_SECONDS = 30;
const KEY = /^[a-z0-9-]+\.\d+\.[a-z0-9-]+$/;

const submission = complaints.extend({ job_id: z.int().positive().optional() });
/** Of the jobs of others nothing is expected but that they are jobs. */
const queueAnswer = complaints.extend({
  jobs: z.array(
    z.object({
      job_id: z.int().nonnegative(),
      job_state: z.string(),
      name: z.string().nullish(),
      user_name: z.string().nullish(),
      current_working_directory: z.string().nullish(),
      state_reason: z.string().nullish(),
    }),
  ),
});

export interface RestOptions {
  readonly ask: AskRest;
  readonly user: string;
  /** Folder of all launches. */
  readonly launches: string;
}

export function jobsByRest({ ask, launches, user }: RestOptions): ClusterJobs {
  /** Ids of jobs that the daemon has taken from us. */
  const accepted = new Set<number>();
  const tell = async (id: string, query: string): Promise<void> => {
    const answer = await ask({ method: "DELETE", path: `${ROOT}/job/${id}${query}` });
    // Another status: the job has ended, or cannot be told just now. The next call finds out.
    if (answer.kind === "no-answer") throw new Error(`slurmrestd: ${answer.reason}`);
  };
  const end = async (jobs: readonly QueuedJob[]): Promise<void> => {
    for (const { id } of jobs) await tell(id, "");
  };

  return {
    async queue(key) {
      const ours = (await got(ask, "jobs", queueAnswer)).jobs.flatMap((job): QueuedJob[] => {
        const { job_id: id, job_state: state, name, state_reason: reason } = job;
        const found = name?.startsWith(JOB_PREFIX) ? name.slice(JOB_PREFIX.length) : "";
        // Lists without our own jobs would say that they are over, while they run.
        if (accepted.has(id) && job.user_name !== user)
          throw new Error(
            `slurmrestd submits as ${printable(job.user_name ?? "nobody")}, not as ${user}: mend rest.user of the slurm block`,
          );
        const isOurs =
          KEY.test(found) &&
          job.current_working_directory === `${launches}/${found}` &&
          job.user_name === user;
        return isOurs && (key ?? found) === found
          ? [{ id: String(id), key: found, state, reason: reason ?? "" }]
          : [];
      });
      return byKey(ours);
    },

    async submit(job) {
      const body = jobDescription(job);
      const answer = await ask({
        method: "POST",
        path: `${ROOT}/job/submit`,
        body,
        timeoutSeconds: SUBMIT_SECONDS,
      });
      if (answer.kind === "no-answer") {
        const reason = `slurmrestd: ${answer.reason}`;
        return answer.isRead ? { kind: "unknown", reason } : { kind: "refused", isFinal: false, reason };
      }
      const { status, text } = answer;
      // It did not come past the door.
      if (status === 401 || status === 403)
        return {
          kind: "refused",
          isFinal: false,
          reason: `slurmrestd: status ${status}: does it know the token?`,
        };
      const read = parsed(text, submission);
      if (!read)
        return { kind: "unknown", reason: `slurmrestd: status ${status}, and no answer that could be read` };
      if (read.job_id !== undefined) accepted.add(read.job_id);
      if (status === 200 && read.errors.length === 0 && read.job_id !== undefined)
        return { kind: "accepted" };
      const reason = `slurmrestd: ${problemOf(read, status)}`;
      // The number of a job is the word that there is one, whatever else is said.
      const refusal = read.job_id === undefined ? refusalIn(read) : undefined;
      if (refusal === undefined) return { kind: "unknown", reason };
      return { kind: "refused", isFinal: refusal === "final", reason };
    },

    async stop(jobs) {
      await end(jobs.filter(({ state }) => state === "PENDING"));
      for (const { id, state } of jobs) if (state !== "PENDING") await tell(id, "?signal=USR1");
    },

    end,
  };
}

/** ESLURM_INVALID_PARTITION_NAME, _REQUESTED_NODE_CONFIG_UNAVAILABLE, _INVALID_FEATURE, _RESERVATION_INVALID; unreadable to it. */
const FINAL_NUMBERS: ReadonlySet<unknown> = new Set([2000, 2014, 2029, 2053, 9001]);

function refusalIn({ errors }: Complaints) {
  if (errors.some((each) => FINAL_NUMBERS.has(each.error_number) || FINAL_NUMBERS.has(each.error_code)))
    return "final";
  const found = errors.map((each) => refusalOf(`${each.error} ${each.description}`));
  return found.find((each) => each === "final") ?? found.find((each) => each !== undefined);
}
