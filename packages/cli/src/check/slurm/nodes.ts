// The nodes that jobs of a region may get: enough GPUs of its kind, who is out and why, and how long a job may run.
import type { Region } from "@bace-pipe/core";
import { type ClusterNode, countGpus, isUsable, nodesFor, parseNodes, SINFO } from "@bace-pipe/server/slurm";
import { type Finding, ok, problem, unseen, warning } from "../finding.ts";
import { type Cluster, outputOf, whyNot } from "./cluster.ts";

const MOST_NAMED = 4;
/** A job of which not much would be left after a checkpoint and a start. */
const SHORT_SECONDS = 1800;

export async function nodes(cluster: Cluster, region: Pick<Region, "gpus">): Promise<readonly Finding[]> {
  const ran = await cluster.slurm(...SINFO);
  const text = outputOf(ran);
  if (text === undefined) return [problem("gpus", whyNot(ran), "run sinfo there by hand")];
  try {
    return nodeFindings(parseNodes(text), cluster, region);
  } catch (error) {
    return [problem("gpus", (error as Error).message, "run sinfo there by hand")];
  }
}

export function nodeFindings(
  all: readonly ClusterNode[],
  cluster: Cluster,
  { gpus }: Pick<Region, "gpus">,
): readonly Finding[] {
  const { settings } = cluster;
  const own = nodesFor(all, settings);
  const partitions = [...new Set(all.map(({ partition }) => partition))].join(", ");
  const asked = settings.partition ?? "default partition";
  if (own.length === 0)
    return [
      problem(
        "gpus",
        settings.constraint === undefined
          ? `there are no nodes in ${asked}`
          : `no node of ${asked} has ${settings.constraint}`,
        `correct partition or constraint in the fleet's file; there are ${partitions || "no partitions"}`,
      ),
    ];
  return [gpuFinding(all, own, cluster, gpus), nodeFinding(own, cluster), timeFinding(own, cluster)];
}

function gpuFinding(
  all: readonly ClusterNode[],
  own: readonly ClusterNode[],
  { settings }: Cluster,
  wanted: number,
): Finding {
  const { gpuGres } = settings;
  const counted = countGpus(all, settings);
  if (counted === undefined)
    return unseen("gpus", "Slurm counts none here (gpuGres: none)", "name them in gpuGres if it does");
  const { there, usable } = counted;
  const said = `${usable} of ${gpuGres} on nodes that start jobs, of ${wanted} in the fleet's file`;
  if (usable >= wanted) return ok("gpus", said);
  if (there === 0) {
    const kinds = [...new Set(own.flatMap(({ gres }) => kindsIn(gres)))].join(", ");
    return problem("gpus", said, `correct gpuGres: the nodes have ${kinds || "no GPUs that Slurm knows"}`);
  }
  if (there >= wanted)
    return problem("gpus", said, "bring the nodes back, or write fewer gpus in the fleet's file");
  return problem("gpus", `${said}; ${there} in all`, `write gpus: ${usable} in the fleet's file`);
}

/** `gpu:h100:4(S:0-1)` is of kind `gpu:h100`. */
function kindsIn(gres: string): string[] {
  if (gres === "(null)") return [];
  return gres
    .replace(/\([^)]*\)/g, "")
    .split(",")
    .map((each) => each.replace(/:\d+$/, ""))
    .filter((each) => each !== "");
}

function nodeFinding(own: readonly ClusterNode[], { settings }: Cluster): Finding {
  const out = own.filter((node) => !isUsable(node, settings));
  if (out.length === 0) return ok("nodes", `${own.length} of ${own.length} start jobs`);
  const named = out.slice(0, MOST_NAMED).map(({ availability, name, reason, state }) => {
    const why = availability === "up" ? state : `partition ${availability}`;
    return `${name} ${why}${reason === "none" || reason === "" ? "" : ` (${reason})`}`;
  });
  const more = out.length > MOST_NAMED ? `, and ${out.length - MOST_NAMED} more` : "";
  const said = `${out.length} of ${own.length} start no jobs: ${named.join(", ")}${more}`;
  const first = out[0]!.name;
  return warning("nodes", said, `scontrol update nodename=${first} state=resume, when it is sound again`);
}

function timeFinding(own: readonly ClusterNode[], { settings }: Cluster): Finding {
  const limits = own.map(({ timeLimit }) => timeLimit);
  const limit = limits.reduce((a, b) => (secondsOf(a) <= secondsOf(b) ? a : b));
  const asked = settings.extraOptions.find((option) => option.startsWith("--time="))?.slice("--time=".length);
  const { defaultTime } = own[0]!;
  const given = asked ?? (secondsOf(defaultTime) < secondsOf(limit) ? defaultTime : limit);
  if (secondsOf(given) === Number.POSITIVE_INFINITY)
    return ok("time limit", "a job may run as long as it takes");
  const said = `a job may run ${given}${asked === undefined && given !== limit ? " where it asks for no time" : ""}`;
  const raise =
    given === limit
      ? "ask for a partition with more time; each time a job stops at a checkpoint and waits anew"
      : `add --time=${limit === "infinite" ? "7-00:00:00" : limit} to extraOptions`;
  if (secondsOf(given) < SHORT_SECONDS) return warning("time limit", said, raise);
  if (asked === undefined && given !== limit) return warning("time limit", said, raise);
  return ok("time limit", `${said}, then it goes on from a checkpoint`);
}

/** Of Slurm's times: minutes, minutes:seconds, hours:minutes:seconds, days-hours and so on. */
export function secondsOf(time: string): number {
  const [, days, rest] = /^(?:(\d+)-)?(\d+(?::\d+){0,2})$/.exec(time) ?? [];
  if (rest === undefined) return Number.POSITIVE_INFINITY; // infinite, UNLIMITED, n/a
  const parts = rest.split(":").map(Number) as [number, ...number[]];
  if (days !== undefined) {
    const [hours, minutes = 0, seconds = 0] = parts;
    return ((Number(days) * 24 + hours) * 60 + minutes) * 60 + seconds;
  }
  if (parts.length === 3) return (parts[0] * 60 + parts[1]!) * 60 + parts[2]!;
  return parts[0] * 60 + (parts[1] ?? 0);
}
