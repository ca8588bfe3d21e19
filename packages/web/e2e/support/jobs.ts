// Jobs for a live service: small models that are really trained, on emulated GPUs, and as long as a test needs them.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { JobView } from "@bace-pipe/server/api-types";
import { ask, bace, ROOT, type Where } from "./service.ts";

const PATIENCE_SECONDS = 180;
const POLL_MILLISECONDS = 300;
/** Longer than any test. */
const LONG = 100_000;

export interface JobSketch {
  readonly name: string;
  readonly gpus: number;
  readonly iterations?: number;
  readonly tenant?: string;
}

/** A job file's text: JSON is YAML. */
export function jobText({ gpus, iterations = LONG, name, tenant = "library" }: JobSketch): string {
  const data = { paths: [join(ROOT, "docs")], suffixes: [".md"] };
  return JSON.stringify({
    ...{ name, tenant, model: "tiny-byte", sequenceLength: 64, microbatchSize: 2, microbatches: 8 },
    ...{ iterations, minGpus: gpus, maxGpus: gpus, training: { learningRate: 3e-3, seed: 1, data } },
  });
}

/** By the command line. */
export async function submit(where: Where, sketch: JobSketch): Promise<void> {
  const file = join(where.folder, `${sketch.name}.yaml`);
  writeFileSync(file, jobText(sketch));
  await bace(where, "submit", file);
}

export function jobOf(where: Where, id: string): Promise<JobView> {
  return ask<JobView>(where, `v1/jobs/${id}`);
}

/** Waits until the job is as it has to be. */
export async function untilJob(where: Where, id: string, isSo: (job: JobView) => boolean): Promise<JobView> {
  const since = performance.now();
  for (;;) {
    const job = await jobOf(where, id);
    if (isSo(job)) return job;
    if (performance.now() - since > 1000 * PATIENCE_SECONDS)
      throw new Error(`after ${PATIENCE_SECONDS} s the job is still ${JSON.stringify(job)}`);
    await sleep(POLL_MILLISECONDS);
  }
}

/** Cancels what has not ended, and waits until its ranks have. */
export async function cancelAll(where: Where): Promise<void> {
  const { jobs } = await ask<{ jobs: readonly JobView[] }>(where, "v1/jobs");
  const going = jobs.filter(({ phase }) => phase !== "ended" && phase !== "infeasible");
  for (const { id } of going) await ask(where, `v1/jobs/${id}/cancel`, { method: "POST", body: "{}" });
  for (const { id } of going) await untilJob(where, id, ({ phase }) => phase === "ended");
}
