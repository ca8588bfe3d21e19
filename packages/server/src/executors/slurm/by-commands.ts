// Jobs by squeue, sbatch and scancel.
import { byKey, type ClusterJobs } from "./cluster-jobs.ts";
import { submitOptions } from "./job.ts";
import { JOB_PREFIX, parseQueue, QUEUE_FORMAT } from "./queue.ts";
import { lastLine, type Run } from "./runner.ts";
import { BATCH_SCRIPT } from "./script.ts";
import { refusalOf } from "./states.ts";

const SUBMIT_SECONDS = 30;

export interface CommandsOptions {
  readonly run: Run;
  /** Folder of all launches. */
  readonly launches: string;
  readonly configurationFile?: string | undefined;
}

export function jobsByCommands({ configurationFile, launches, run }: CommandsOptions): ClusterJobs {
  const environment = configurationFile === undefined ? [] : [`SLURM_CONF=${configurationFile}`];
  const slurm = (...words: string[]) => ["env", "LC_ALL=C", ...environment, ...words];
  const scancel = async (...words: string[]): Promise<void> => {
    const ran = await run({ words: slurm("scancel", ...words) });
    // Another exit code: the job has ended, or cannot be told just now. The next call finds out.
    if (ran.kind === "no-answer") throw new Error(`scancel: ${ran.reason}`);
  };

  return {
    async queue(key) {
      const options = ["--me", "--noheader", "--states=all", `--format=${QUEUE_FORMAT}`];
      const filter = key === undefined ? [] : [`--name=${JOB_PREFIX}${key}`];
      const ran = await run({ words: slurm("squeue", ...options, ...filter) });
      if (ran.kind === "no-answer") throw new Error(`squeue: ${ran.reason}`);
      if (ran.exitCode !== 0) throw new Error(`squeue: ${lastLine(ran.stderr)}`);
      return byKey(parseQueue(ran.stdout, launches));
    },

    async submit({ artifact, folder, key, settings }) {
      const words = slurm("sbatch", ...submitOptions(key, artifact, settings, folder));
      const ran = await run({ words, input: BATCH_SCRIPT, timeoutSeconds: SUBMIT_SECONDS });
      if (ran.kind === "no-answer") return { kind: "unknown", reason: `sbatch: ${ran.reason}` };
      if (ran.exitCode === 0) return { kind: "accepted" };
      const reason = `sbatch: ${lastLine(ran.stderr)}`;
      const refusal = refusalOf(ran.stderr);
      if (refusal === undefined) return { kind: "unknown", reason };
      return { kind: "refused", isFinal: refusal === "final", reason };
    },

    async stop(jobs) {
      const ids = jobs.map(({ id }) => id);
      await scancel("--state=PENDING", ...ids);
      await scancel("--batch", "--signal=TERM", ...ids);
    },

    end: (jobs) => scancel(...jobs.map(({ id }) => id)),
  };
}
