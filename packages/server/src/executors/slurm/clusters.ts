// The Slurm clusters of a fleet, each with an executor of its own: regions whose settings name the same host, folder and
// configuration are one cluster, and asked about by one list of jobs. A fleet that is loaded later may have others.
import type { Fleet, SlurmSettings } from "@bace-pipe/core";
import { canonicalJson } from "../../canonical-json.ts";
import type { Executor } from "../executor.ts";
import { answersSoon } from "../patient.ts";
import { jobsByRest } from "./by-rest.ts";
import { launchesIn } from "./cluster-files.ts";
import { createSlurmExecutor } from "./executor.ts";
import { type ClusterNode, nodesOf } from "./nodes.ts";
import { createRestClient } from "./rest-client.ts";
import { nodesByRest } from "./rest-nodes.ts";
import { createRunner } from "./runner.ts";
import { workerArchive } from "./worker-archive.ts";

/** How long the loop waits for a cluster before it goes on without it. */
const PATIENCE_SECONDS = 3;

export interface ClustersOptions {
  /** Holds the package bace_worker. */
  readonly workerDirectory: string;
  readonly fleet: () => Fleet;
  /** Called once with every new cluster. */
  readonly onCluster: (executor: Executor, cluster: Cluster) => void;
}

/** A cluster as it is looked at besides its launches. */
export interface Cluster {
  /** For the log. */
  readonly name: string;
  /** Of a region; undefined where it is none of this cluster now. */
  settingsOf(region: string): SlurmSettings | undefined;
  /** All that it has. Rejects where it does not answer. */
  nodes(): Promise<readonly ClusterNode[]>;
}

/** Returns what is to be called when the fleet may be another one; it has been called once. */
export function followClusters({ fleet, onCluster, workerDirectory }: ClustersOptions): () => void {
  const known = new Set<string>();
  let seen: Fleet | undefined;
  const settingsOf = (region: string) => fleet().regions.find(({ name }) => name === region)?.slurm;
  const follow = (): void => {
    const current = fleet();
    if (seen === current) return;
    seen = current;
    for (const { slurm } of current.regions) {
      if (!slurm || known.has(clusterOf(slurm))) continue;
      const cluster = clusterOf(slurm);
      known.add(cluster);
      const { clientPrefix, configurationFile, folder, host, rest } = slurm;
      const ownSettings = (region: string) => {
        const settings = settingsOf(region);
        return settings && clusterOf(settings) === cluster ? settings : undefined;
      };
      const run = createRunner({ host, prefix: clientPrefix });
      const ask = rest && createRestClient(rest);
      const executor = createSlurmExecutor({
        ...{ configurationFile, folder, run, settingsOf: ownSettings },
        ...(ask && { jobs: jobsByRest({ ask, user: rest!.user, launches: launchesIn(folder) }) }),
        worker: () => workerArchive(workerDirectory),
      });
      onCluster(answersSoon(executor, { patienceSeconds: PATIENCE_SECONDS }), {
        name: host ?? configurationFile ?? folder,
        settingsOf: ownSettings,
        nodes: () => (ask ? nodesByRest(ask) : nodesOf(run, configurationFile)),
      });
    }
  };
  follow();
  return follow;
}

function clusterOf({ clientPrefix, configurationFile, folder, host, rest }: SlurmSettings): string {
  return canonicalJson({ clientPrefix, configurationFile, folder, host, rest });
}
