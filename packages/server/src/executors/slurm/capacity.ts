// How many GPUs of its regions a cluster has on nodes that run jobs, asked now and then by one command for all of them. Where
// that is fewer than the fleet's file or an operator says, it becomes a fact; and again when nodes come back. Two looks in a
// row have to agree that there are fewer, or more. A cluster that does not answer says nothing, and nor does a look without
// any node of the region, or without any GPU of its kind: that is a setting to be mended (`bace check`), not a loss.
import {
  type InputFact,
  type RegionChange,
  regionChange,
  regionNamed,
  type SlurmSettings,
  type State,
  saidGpus,
} from "@bace-pipe/core";
import type { Logger } from "pino";
import { newInputs, unsoundOf } from "../../inputs.ts";
import type { Writer } from "../../writer.ts";
import type { Cluster } from "./clusters.ts";
import { type ClusterNode, countGpus } from "./nodes.ts";

const EVERY_SECONDS = 30;
const SOURCE = "slurm";

export interface CapacityWatchOptions {
  readonly writer: Pick<Writer, "state" | "commit" | "nowSeconds">;
  readonly logger: Logger;
}

export interface CapacityWatch {
  add(cluster: Cluster): void;
  /** One look at every cluster. */
  look(): Promise<void>;
  /** Looks at once, and every so often. */
  start(): void;
  /** No fact comes after it, whatever a cluster that was asked before answers. */
  stop(): void;
}

export function createCapacityWatch({ logger, writer }: CapacityWatchOptions): CapacityWatch {
  const clusters: Cluster[] = [];
  /** Of the look before, by region. */
  const before = new Map<string, number>();
  const silent = new Set<Cluster>();
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const lookAt = async (cluster: Cluster): Promise<void> => {
    let nodes: readonly ClusterNode[];
    try {
      nodes = await cluster.nodes();
      silent.delete(cluster);
    } catch (error) {
      if (!silent.has(cluster))
        logger.warn({ err: error, cluster: cluster.name }, "a cluster does not say what nodes it has");
      silent.add(cluster);
      return;
    }
    if (stopped) return;
    const seen = new Map<string, { readonly last: number | undefined; readonly now: number }>();
    for (const { name } of writer.state().fleet?.regions ?? []) {
      const settings = cluster.settingsOf(name);
      if (!settings) continue;
      const now = gpusIn(nodes, settings);
      if (now === undefined) before.delete(name);
      else {
        seen.set(name, { last: before.get(name), now });
        before.set(name, now);
      }
    }
    const factsOf = (state: State) =>
      [...seen].flatMap(([region, { last, now }]) => {
        const gpus = last === undefined ? undefined : news(state, region, last, now);
        if (gpus === undefined) return [];
        const observedAtSeconds = writer.nowSeconds();
        const fact: InputFact = {
          ...{ kind: "capacity-counted", region, gpus, source: SOURCE, observedAtSeconds },
        };
        return unsoundOf(state, fact, observedAtSeconds) ? [] : newInputs(state, [fact]);
      });
    if (factsOf(writer.state()).length === 0) return;
    await writer.commit((state) => {
      const facts = factsOf(state);
      for (const fact of facts) logger.info({ fact, cluster: cluster.name }, "GPUs that a cluster has");
      return facts;
    });
  };

  const look = async (): Promise<void> => {
    await Promise.all(
      clusters.map((cluster) =>
        lookAt(cluster).catch((error: unknown) => logger.error(error, "capacity of a cluster")),
      ),
    );
  };

  const start = (): void => {
    void look().then(() => {
      if (!stopped) timer = setTimeout(start, EVERY_SECONDS * 1000).unref();
    });
  };

  return {
    add: (cluster) => clusters.push(cluster),
    look,
    start,
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

function gpusIn(nodes: readonly ClusterNode[], settings: SlurmSettings): number | undefined {
  if (settings.capacity === "file") return undefined;
  const counted = countGpus(nodes, settings);
  return counted && counted.there > 0 ? counted.usable : undefined;
}

/** What two looks agree on that is other than what is believed; GPUs beyond what the region is said to have are no news. */
function news(
  { changes, declaredFleet }: Pick<State, "changes" | "declaredFleet">,
  name: string,
  last: number,
  now: number,
): number | undefined {
  const region = declaredFleet && regionNamed(declaredFleet, name);
  if (!region) return undefined;
  const change: RegionChange = regionChange(changes, name);
  const said = saidGpus(region, change);
  const believed = Math.min(said, change.counted?.value ?? Number.POSITIVE_INFINITY);
  if (last < believed && now < believed) return Math.max(last, now);
  const [least, most] = [Math.min(last, now), Math.max(last, now)];
  return Math.min(said, least) > believed && most > believed ? least : undefined;
}
