// Jobs of a trace: reads the file that is named, and says above the jobs what was assumed.
import { formatUtc, jobsYaml, tracedJobs } from "@bace-pipe/core/spec";
import { readNamed } from "../files.ts";
import type { Io } from "../io.ts";
import { taken } from "./taken.ts";

export interface JobArguments {
  readonly limit?: number;
  readonly from?: number;
  readonly to?: number;
  readonly timeScale: number;
  readonly gpuScale: number;
  readonly maxGpus: number;
  readonly iteration: number;
  readonly microbatches: number;
  readonly activation: number;
}

/** YAML of the job file. */
export async function jobsOf(trace: string, options: JobArguments, io: Io): Promise<string> {
  const source = await readNamed(trace, io);
  const { limit, from, to, timeScale, gpuScale, maxGpus, iteration, microbatches, activation } = options;
  const jobs = taken(
    tracedJobs(source.text, source.file, {
      limit,
      fromSeconds: from,
      toSeconds: to,
      timeScale,
      gpuScale,
      mostGpus: maxGpus,
      iterationSeconds: iteration,
      microbatches,
      activationBytes: activation,
    }),
    [source],
    io,
  );
  const largest = jobs.reduce((most, job) => Math.max(most, job.maxGpus), 0);
  const bounds = [
    ...(from === undefined ? [] : [`from ${formatUtc(from)}`]),
    ...(to === undefined ? [] : [`to ${formatUtc(to)}`]),
  ].join(" ");
  return jobsYaml(jobs, [
    `${jobs.length} jobs of ${source.file}${bounds === "" ? "" : ` ${bounds}`}, each named after its line there; the largest needs ${largest} GPUs.`,
    `Submit times × ${timeScale}, GPUs × ${gpuScale}. Each runs for as long as in the trace on its GPUs, with \`timeModel: 1f1b\`, if no link slows it.`,
    `Assumed: iterations of about ${iteration} s, ${microbatches} micro-batches, ${activation} bytes between stages.`,
  ]);
}
