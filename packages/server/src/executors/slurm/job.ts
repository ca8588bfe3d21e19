// What a launch is as a job: the files that its batch script reads, and the words that sbatch is given.
import type { Plan, SlurmSettings } from "@bace-pipe/core";
import { loggerLines } from "../environment.ts";
import type { Artifact } from "../executor.ts";
import { JOB_PREFIX } from "./queue.ts";

/** Slurm's longest time for a warning before a time limit. */
const MOST_WARNING_SECONDS = 65_535;

/** All that differs between launches. */
export function launchFiles(
  { commandPrefix = [], plan, region }: Artifact,
  settings: SlurmSettings,
  workerPath: string,
  folder: string,
  nowSeconds: number,
): Record<string, string> {
  const launch = ["launch", "--plan", `${folder}/plan.json`, "--region", region, "--directory", folder];
  const worker = [settings.python, "-m", "bace_worker", ...launch];
  // Over several nodes it is the ranks that the prefix is for: the supervisor has to reach Slurm.
  const command = nodesFor(plan, region, settings)
    ? [...worker, "--steps", ...commandPrefix.map((word) => `--rank-prefix=${word}`)]
    : [...commandPrefix, ...worker];
  if (command.some((word) => /[\n\0]/.test(word))) throw new Error("a word of the command has a line break");
  const environment = loggerLines(process.env);
  const submitted = { seconds: nowSeconds, graceSeconds: plan.checkpoint?.graceSeconds ?? 0 };
  return {
    "plan.json": JSON.stringify(plan),
    command: `${command.join("\n")}\n`,
    worker: `${workerPath}\n`,
    ...(environment === "" ? {} : { environment }),
    "submitted.json": `${JSON.stringify(submitted)}\n`,
  };
}

export function submitOptions(
  key: string,
  { plan, region }: Artifact,
  settings: SlurmSettings,
  folder: string,
): readonly string[] {
  const { account, constraint, extraOptions, partition, qos } = settings;
  const warningSeconds = Math.min(MOST_WARNING_SECONDS, Math.ceil((plan.checkpoint?.graceSeconds ?? 0) + 30));
  const given = { partition, account, qos, constraint };
  return [
    ...["--parsable", "--no-requeue", "--export=NONE", `--job-name=${JOB_PREFIX}${key}`, `--comment=${key}`],
    ...[`--chdir=${folder}`, `--output=${folder}/supervisor.log`, "--open-mode=append"],
    ...sizeOptions(plan, region, settings),
    `--signal=B:TERM@${warningSeconds}`,
    ...Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}=${value}`])),
    ...extraOptions,
  ];
}

interface Nodes {
  readonly fewest: number;
  readonly most: number;
}

/** Undefined where one node will do. */
function nodesFor(plan: Plan, region: string, { gpusPerNode }: SlurmSettings): Nodes | undefined {
  const ranks = ranksIn(plan, region);
  if (gpusPerNode === undefined || ranks <= gpusPerNode) return undefined;
  return { fewest: Math.ceil(ranks / gpusPerNode), most: ranks };
}

/**
 * On one node the supervisor is the job's only task, and has all GPUs; on several each rank is a task with its GPU. Slurm
 * takes as few nodes as it can, in order; more of them where others have left GPUs free here and there.
 */
function sizeOptions(plan: Plan, region: string, settings: SlurmSettings): readonly string[] {
  const { cpusPerGpu, gpuGres, gpusPerNode } = settings;
  const ranks = ranksIn(plan, region);
  const nodes = nodesFor(plan, region, settings);
  const isCounted = gpuGres !== "none";
  if (!nodes)
    return [
      ...["--nodes=1", "--ntasks=1", ...(isCounted ? [`--gres=${gpuGres}:${ranks}`] : [])],
      ...(cpusPerGpu === undefined ? [] : [`--cpus-per-task=${cpusPerGpu * ranks}`]),
    ];
  const [, type] = gpuGres.split(":");
  return [
    ...[`--nodes=${nodes.fewest}-${nodes.most}`, `--ntasks=${ranks}`, "--distribution=block"],
    // With --ntasks-per-node as well Slurm 22.05 does not find GPUs that are free here and there.
    isCounted
      ? `--gpus-per-task=${type === undefined ? "" : `${type}:`}1`
      : `--ntasks-per-node=${gpusPerNode}`,
    ...(cpusPerGpu === undefined ? [] : [`--cpus-per-task=${cpusPerGpu}`]),
  ];
}

function ranksIn(plan: Plan, region: string): number {
  return plan.ranks.filter((rank) => rank.region === region).length;
}
