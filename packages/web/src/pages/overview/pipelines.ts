// Jobs that hold GPUs, by the path of regions that they run over: what the map draws and the list beside it says.
import type { JobView } from "../../api.ts";

export interface Pipeline {
  /** Names of regions, in the order of the pipeline's stages. */
  readonly path: readonly string[];
  readonly jobs: readonly JobView[];
  readonly gpus: number;
}

/** Those with most GPUs first. */
export function pipelinesOf(jobs: Iterable<JobView>): readonly Pipeline[] {
  const byPath = new Map<string, { path: readonly string[]; jobs: JobView[]; gpus: number }>();
  for (const job of jobs) {
    if (!job.placement || !holdsGpus(job)) continue;
    const path = job.placement.regions.map(({ region }) => region);
    const key = path.join("\n");
    const known = byPath.get(key) ?? { path, jobs: [], gpus: 0 };
    known.jobs.push(job);
    for (const { gpus } of job.placement.regions) known.gpus += gpus;
    byPath.set(key, known);
  }
  return [...byPath.values()].sort((a, b) => b.gpus - a.gpus || (a.path.join() < b.path.join() ? -1 : 1));
}

export function holdsGpus({ phase }: JobView): boolean {
  return phase === "starting" || phase === "running" || phase === "stopping";
}
