// What a launch is as a job: the files that its batch script reads, and the words that sbatch is given.
import type { SlurmSettings } from "@bace-pipe/core";
import type { Artifact } from "../executor.ts";
import { JOB_PREFIX } from "./queue.ts";

/** Slurm's longest time for a warning before a time limit. */
const MOST_WARNING_SECONDS = 65_535;

/** All that differs between launches. */
export function launchFiles(
  { commandPrefix = [], plan, region }: Artifact,
  { python }: SlurmSettings,
  workerPath: string,
  folder: string,
  nowSeconds: number,
): Record<string, string> {
  const launch = ["launch", "--plan", `${folder}/plan.json`, "--region", region, "--directory", folder];
  const command = [...commandPrefix, python, "-m", "bace_worker", ...launch];
  if (command.some((word) => /[\n\0]/.test(word))) throw new Error("a word of the command has a line break");
  const submitted = { seconds: nowSeconds, graceSeconds: plan.checkpoint?.graceSeconds ?? 0 };
  return {
    "plan.json": JSON.stringify(plan),
    command: `${command.join("\n")}\n`,
    worker: `${workerPath}\n`,
    "submitted.json": `${JSON.stringify(submitted)}\n`,
  };
}

export function submitOptions(
  key: string,
  { plan, region }: Artifact,
  settings: SlurmSettings,
  folder: string,
): readonly string[] {
  const { account, constraint, cpusPerGpu, extraOptions, gpuGres, partition, qos } = settings;
  const gpus = plan.ranks.filter((rank) => rank.region === region).length;
  const warningSeconds = Math.min(MOST_WARNING_SECONDS, Math.ceil((plan.checkpoint?.graceSeconds ?? 0) + 30));
  const given = { partition, account, qos, constraint };
  return [
    ...["--parsable", "--no-requeue", "--export=NONE", `--job-name=${JOB_PREFIX}${key}`, `--comment=${key}`],
    ...[`--chdir=${folder}`, `--output=${folder}/supervisor.log`, "--open-mode=append"],
    ...["--nodes=1", "--ntasks=1", `--signal=B:TERM@${warningSeconds}`],
    ...(gpuGres === "none" ? [] : [`--gres=${gpuGres}:${gpus}`]),
    ...(cpusPerGpu === undefined ? [] : [`--cpus-per-task=${cpusPerGpu * gpus}`]),
    ...Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}=${value}`])),
    ...extraOptions,
  ];
}
