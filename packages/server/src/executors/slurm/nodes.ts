// What sinfo says of a cluster's nodes: one line per partition and node. How many GPUs a region can have of it is counted here,
// for the watch over capacity and for `bace check`. Counted too high rather than too low: a state or a constraint that nobody
// here knows takes no GPU away.
import type { SlurmSettings } from "@bace-pipe/core";
import { lastLine, type Run } from "./runner.ts";

export interface ClusterNode {
  readonly partition: string;
  /** Whether jobs that name no partition get this one. */
  readonly isDefault: boolean;
  readonly name: string;
  /** In Slurm's words, with its flags, such as `idle*`. */
  readonly state: string;
  /** Such as `gpu:h100:4(S:0-1),shard:8`. */
  readonly gres: string;
  readonly features: readonly string[];
  /** Such as `2-00:00:00`, or `infinite`. */
  readonly timeLimit: string;
  /** Of jobs that ask for no time; `n/a` where that is the limit. */
  readonly defaultTime: string;
  /** `up` where the partition starts jobs. */
  readonly availability: string;
  /** Why an administrator, or Slurm, has taken it out. */
  readonly reason: string;
}

/** Of sinfo's option --format; the free text last. */
const FORMAT = "%P|%N|%T|%G|%f|%l|%L|%a|%E";

/** One look at a whole cluster, its hidden partitions as well. */
export const SINFO: readonly string[] = ["sinfo", "--all", "--noheader", "--Node", `--format=${FORMAT}`];

const FIELDS = FORMAT.split("|").length;

/** Throws where the text is no list of nodes: nothing may be concluded then. */
export function parseNodes(text: string): ClusterNode[] {
  return text.split("\n").flatMap((line) => {
    if (line.trim() === "") return [];
    const fields = line.split("|").map((field) => field.trim());
    if (fields.length < FIELDS)
      throw new Error(
        `sinfo has answered with what is no list of nodes: ${JSON.stringify(line.slice(0, 100))}`,
      );
    const [partition, name, state, gres, features, timeLimit, defaultTime, availability] = fields as [
      ...[string, string, string, string, string, string, string, string],
    ];
    return {
      ...{ partition: partition.replace(/\*$/, ""), isDefault: partition.endsWith("*"), name, state, gres },
      features: features === "(null)" ? [] : features.split(","),
      ...{ timeLimit, defaultTime, availability, reason: fields.slice(FIELDS - 1).join("|") },
    };
  });
}

/** Rejects where the cluster does not answer. */
export async function nodesOf(run: Run, configurationFile: string | undefined): Promise<ClusterNode[]> {
  const environment = configurationFile === undefined ? [] : [`SLURM_CONF=${configurationFile}`];
  const ran = await run({ words: ["env", "LC_ALL=C", ...environment, ...SINFO] });
  if (ran.kind === "no-answer") throw new Error(`sinfo: ${ran.reason}`);
  if (ran.exitCode !== 0) throw new Error(`sinfo: ${lastLine(ran.stderr)}`);
  return parseNodes(ran.stdout);
}

/** Those that jobs of a region may get; each once, of the partitions that it is in one that starts jobs, if there is any. */
export function nodesFor(nodes: readonly ClusterNode[], settings: SlurmSettings): readonly ClusterNode[] {
  const { constraint, partition } = settings;
  const wanted = partition?.split(",");
  const known = new Set<string>();
  const isUp = ({ availability }: ClusterNode) => availability === "up";
  return [...nodes.filter(isUp), ...nodes.filter((node) => !isUp(node))].filter((node) => {
    const isIn = wanted ? wanted.includes(node.partition) : node.isDefault;
    if (!isIn || known.has(node.name) || !mayHave(node, constraint)) return false;
    known.add(node.name);
    return true;
  });
}

/** Names joined by `&`, or by `|`; of any other constraint all nodes may be meant. */
function mayHave({ features }: ClusterNode, constraint: string | undefined): boolean {
  if (constraint === undefined) return true;
  const names = constraint.split(/[&|,]/);
  const isMixed = /[[\]()*]/.test(constraint) || (/[&,]/.test(constraint) && constraint.includes("|"));
  if (isMixed) return true;
  const has = (name: string) => features.includes(name);
  return constraint.includes("|") ? names.some(has) : names.every(has);
}

/** States in which a node starts no job; `maint` does for those in the reservation. */
const OUT = new Set(["down", "drained", "draining", "drain", "fail", "failing", "error", "future", "inval"]);

const IN_USE = new Set(["allocated", "mixed", "completing"]);

/** Whether it starts jobs, now or when those are over that it has. */
export function isUsable({ availability, state }: ClusterNode, { extraOptions }: SlurmSettings): boolean {
  if (availability !== "up") return false;
  const word = state.toLowerCase().replace(/[^a-z_]+$/, "");
  if (word === "maint") return extraOptions.some((option) => option.startsWith("--reservation"));
  // A node that does not respond may be back in a minute. It starts nothing; but jobs that it has are not made to give way
  // before Slurm says that it is down.
  if (state.endsWith("*") && !IN_USE.has(word)) return false;
  return !OUT.has(word);
}

/** GPUs that a node has of a kind, whoever uses them. @param gpuGres as in settings, such as `gpu:h100` */
export function gpusOf({ gres }: Pick<ClusterNode, "gres">, gpuGres: string): number {
  const [name, type] = gpuGres.split(":");
  let count = 0;
  for (const [, kind, , kindType, number] of gres.matchAll(
    /(?:^|,)([A-Za-z_][\w-]*)(:([^:,(]+))?:(\d+)(?:\([^)]*\))?/g,
  ))
    if (kind === name && (type === undefined || kindType === type)) count += Number(number);
  return count;
}

export interface GpuCount {
  /** On nodes that start jobs. */
  readonly usable: number;
  /** On all nodes that jobs of the region may get. */
  readonly there: number;
}

/** Of a region's kind; undefined where Slurm does not count them. */
export function countGpus(nodes: readonly ClusterNode[], settings: SlurmSettings): GpuCount | undefined {
  const { gpuGres } = settings;
  if (gpuGres === "none") return undefined;
  let [there, usable] = [0, 0];
  for (const node of nodesFor(nodes, settings)) {
    const gpus = gpusOf(node, gpuGres);
    there += gpus;
    if (isUsable(node, settings)) usable += gpus;
  }
  return { there, usable };
}
