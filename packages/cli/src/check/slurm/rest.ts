// A cluster that the service asks by slurmrestd: whether the daemon answers, and what nodes it has. Slurm's commands need not
// be there then. Left out: what a job's words are taken for, since the interface knows no --test-only.
import type { Region, SlurmRest } from "@bace-pipe/core";
import { type AskRest, createRestClient, nodesByRest } from "@bace-pipe/server/slurm";
import { type Finding, ok, problem, unseen } from "../finding.ts";
import type { Cluster } from "./cluster.ts";
import { nodeFindings } from "./nodes.ts";

export async function daemon(
  cluster: Cluster,
  rest: SlurmRest,
  region: Pick<Region, "gpus">,
  ask: AskRest = createRestClient(rest),
): Promise<readonly Finding[]> {
  const at = rest.socket ?? rest.url!;
  const words = unseen("words", "the REST daemon takes no job for a test", "the first job shows it");
  try {
    const nodes = await nodesByRest(ask);
    return [ok("daemon", `slurmrestd answers at ${at}`), ...nodeFindings(nodes, cluster, region), words];
  } catch (error) {
    const why = (error as Error).message;
    return [problem("daemon", `${at}: ${why}`, mendOf(why, rest)), words];
  }
}

function mendOf(why: string, { tokenFile, user }: SlurmRest): string {
  if (/there is no token/.test(why))
    return `put there, readable by the service alone, what scontrol token username=${user} prints after the =`;
  if (/does it know the token|[Aa]uthenti/.test(why))
    return tokenFile === undefined
      ? "run slurmrestd with rest_auth/local, as the service's account"
      : `renew ${tokenFile}: scontrol token username=${user}`;
  if (/404/.test(why)) return "run it with the plugin openapi/v0.0.38 (Slurm 22.05 to 23.11)";
  return "look whether slurmrestd runs there, and at rest in the fleet's file";
}
