// The Slurm clusters of a fleet, each with an executor of its own: regions whose settings name the same host, folder and
// configuration are one cluster, and asked about by one squeue. A fleet that is loaded later may have others.
import type { Fleet, SlurmSettings } from "@bace-pipe/core";
import { canonicalJson } from "../../canonical-json.ts";
import type { Executor } from "../executor.ts";
import { answersSoon } from "../patient.ts";
import { createSlurmExecutor } from "./executor.ts";
import { createRunner } from "./runner.ts";
import { workerArchive } from "./worker-archive.ts";

/** How long the loop waits for a cluster before it goes on without it. */
const PATIENCE_SECONDS = 3;

export interface ClustersOptions {
  /** Holds the package bace_worker. */
  readonly workerDirectory: string;
  readonly fleet: () => Fleet;
  /** Called once with every new cluster's executor. */
  readonly onCluster: (executor: Executor) => void;
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
      const { clientPrefix, configurationFile, folder, host } = slurm;
      const executor = createSlurmExecutor({
        ...{ configurationFile, folder },
        settingsOf(region) {
          const settings = settingsOf(region);
          return settings && clusterOf(settings) === cluster ? settings : undefined;
        },
        run: createRunner({ host, prefix: clientPrefix }),
        worker: () => workerArchive(workerDirectory),
      });
      onCluster(answersSoon(executor, { patienceSeconds: PATIENCE_SECONDS }));
    }
  };
  follow();
  return follow;
}

function clusterOf({ clientPrefix, configurationFile, folder, host }: SlurmSettings): string {
  return canonicalJson({ clientPrefix, configurationFile, folder, host });
}
