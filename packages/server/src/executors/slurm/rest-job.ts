// A job as slurmrestd is told of it: sbatch's own words, under the names that they have there. What sbatch puts into a
// job's environment by itself is put there, too.
import { SLURM_REST_FIELDS } from "@bace-pipe/core";
import type { NewJob } from "./cluster-jobs.ts";
import { submitOptions } from "./job.ts";
import { BATCH_SCRIPT } from "./script.ts";

/** Said otherwise below, or sbatch's own affair. */
const APART: ReadonlySet<string> = new Set(["parsable", "no-requeue", "export", "signal"]);
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const ENVIRONMENT = {
  "gpus-per-task": "SLURM_GPUS_PER_TASK",
  "cpus-per-task": "SLURM_CPUS_PER_TASK",
} as const;

export function jobDescription({ artifact, folder, key, settings }: NewJob): object {
  const options = new Map(
    submitOptions(key, artifact, settings, folder).map((word) => {
      const [, name, value] = /^--([a-z-]+)(?:=(.*))?$/.exec(word)!;
      return [name!, value] as const;
    }),
  );
  const fields = [...options].flatMap(([name, value]) => {
    if (APART.has(name)) return [];
    const field = SLURM_REST_FIELDS[name];
    if (field === undefined) throw new Error(`--${name} is nothing that slurmrestd knows`);
    return [[field, value ?? name] as const];
  });
  const environment = Object.entries(ENVIRONMENT).flatMap(([name, variable]) => {
    const value = options.get(name);
    return value === undefined ? [] : [[variable, value] as const];
  });
  // To the steps, which is where the ranks are when there are several nodes.
  const warning = options.get("signal")?.replace(/^B:TERM@/, "USR1@");
  return {
    script: BATCH_SCRIPT,
    job: {
      ...Object.fromEntries(fields),
      ...{ no_requeue: true, signal: warning },
      environment: { PATH, ...Object.fromEntries(environment) },
    },
  };
}
