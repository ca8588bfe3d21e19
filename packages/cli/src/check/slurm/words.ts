// Whether Slurm would take a job of this region: sbatch is asked with the very words of a launch, and starts nothing.
import type { Plan, Region } from "@bace-pipe/core";
import { BATCH_SCRIPT, type Ran, submitOptions } from "@bace-pipe/server/slurm";
import { type Finding, ok, problem, warning } from "../finding.ts";
import { type Cluster, outputOf, whyNot } from "./cluster.ts";

/** After which a launch that waits in the queue is given up. */
const RENDEZVOUS_SECONDS = 90;

/** What a refusal is about, by its words. */
const MENDS: readonly (readonly [words: string, mend: (cluster: Cluster) => string])[] = [
  [
    "nvalid partition",
    ({ settings }) => `correct partition: ${settings.partition}; sinfo lists what there is`,
  ],
  [
    "nvalid account",
    ({ settings }) => `correct account: ${settings.account}; sacctmgr show associations user=… lists yours`,
  ],
  ["nvalid qos", ({ settings }) => `correct qos: ${settings.qos}; sacctmgr show qos lists what there is`],
  ["nvalid QOS", ({ settings }) => `correct qos: ${settings.qos}; sacctmgr show qos lists what there is`],
  [
    "nvalid feature",
    ({ settings }) => `correct constraint: ${settings.constraint}; sinfo -o %f lists features`,
  ],
  ["nvalid generic", ({ settings }) => `correct gpuGres: ${settings.gpuGres}; sinfo -o %G lists them`],
  ["nvalid gres", ({ settings }) => `correct gpuGres: ${settings.gpuGres}; sinfo -o %G lists them`],
  ["group not permitted", () => "ask for the right to use this partition"],
  ["Access/permission denied", () => "ask for the right to use this partition"],
  ["time limit", () => "ask for less in extraOptions, --time=…"],
  ["unrecognized option", () => "this version of sbatch does not know it: take it out of extraOptions"],
  ["Memory specification", () => "correct --mem in extraOptions"],
  [
    "node configuration is not available",
    () => "no node has that much: look at gpus, gpuGres, cpusPerGpu and extraOptions",
  ],
];

/** @param folder in which the job would run */
export function wordsFor(region: Region, gpus: number, folder: string): readonly string[] {
  const ranks = Array.from({ length: gpus }, () => ({ region: region.name }));
  const plan = { checkpoint: null, ranks } as unknown as Plan;
  return submitOptions(`check.1.${region.name}`, { plan, region: region.name }, region.slurm!, folder);
}

/** A job of one GPU, and one of all that the fleet's file says. */
export async function words(cluster: Cluster, region: Region): Promise<Finding> {
  const [one, all] = await Promise.all(
    [1, Math.max(1, region.gpus)].map((gpus) => asked(cluster, region, gpus)),
  );
  if (outputOf(one!) === undefined) return refusal("words", cluster, one!, "a job");
  if (outputOf(all!) === undefined) {
    const { finding, mend } = refusal("words", cluster, all!, `a job on all ${region.gpus} GPUs at once`);
    return warning("words", finding, mend!);
  }
  const waits = waitSeconds(one!);
  const where = [cluster.settings.partition, cluster.settings.qos].filter((each) => each !== undefined);
  const said = `sbatch takes jobs of 1 and of ${region.gpus} GPUs${where.length > 0 ? ` (${where.join(", ")})` : ""}`;
  if (waits <= RENDEZVOUS_SECONDS) return ok("words", said);
  return warning(
    "words",
    `${said}, but would start one in ${Math.ceil(waits / 60)} min only: a launch is given up after ${RENDEZVOUS_SECONDS} s`,
    "have a reservation or a partition of its own for these GPUs, or wait",
  );
}

function asked({ run, settings }: Cluster, region: Region, gpus: number): Promise<Ran> {
  const { configurationFile, folder } = settings;
  const environment = configurationFile === undefined ? [] : [`SLURM_CONF=${configurationFile}`];
  const options = wordsFor(region, gpus, folder);
  return run({
    words: ["env", "LC_ALL=C", "TZ=UTC", ...environment, "sbatch", "--test-only", ...options],
    input: BATCH_SCRIPT,
  });
}

function refusal(check: string, cluster: Cluster, ran: Ran, what: string): Finding {
  const why = whyNot(ran)
    .replace(/^sbatch: (?:error: )?/, "")
    .replace(/^allocation failure: /, "");
  const mend = MENDS.find(([said]) => why.includes(said))?.[1](cluster);
  return problem(check, `${what} is refused: ${why}`, mend ?? "run sbatch --test-only there by hand");
}

/** "sbatch: Job 7 to start at 2026-03-01T12:00:00 using …", in UTC. */
function waitSeconds(ran: Ran): number {
  const time = ran.kind === "ended" ? / to start at (\S+)/.exec(ran.stderr)?.[1] : undefined;
  const startSeconds = time === undefined ? Number.NaN : Date.parse(`${time}Z`) / 1000;
  return Number.isFinite(startSeconds) ? startSeconds - Date.now() / 1000 : 0;
}
