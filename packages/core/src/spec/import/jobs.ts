// Traced jobs as a job file (YAML), a line each: text that a person goes on editing, or puts behind a fleet as it is.
import type { TracedJob } from "./traces.ts";

/** YAML that `parseJobs` takes; each of `notes` becomes a comment line above it. */
export function jobsYaml(jobs: readonly TracedJob[], notes: readonly string[]): string {
  const lines = jobs.map((job) => {
    const { id, tenant, submitSeconds, work, layers, microbatches, iterations, activationBytes } = job;
    const { forwardSeconds, backwardSeconds } = work;
    const { overheadSeconds, minGpus, maxGpus } = job;
    const fields = {
      name: id,
      tenant,
      submitSeconds,
      minGpus,
      maxGpus,
      layers,
      iterations,
      microbatches,
      forwardSeconds,
      backwardSeconds,
      activationBytes,
      overheadSeconds,
    };
    const parts = Object.entries(fields).map(([field, value]) => `${field}: ${JSON.stringify(value)}`);
    return `  - {${parts.join(", ")}}`;
  });
  return `${[...notes.map((note) => `# ${note.replaceAll(/\s+/g, " ")}`), "jobs:", ...lines].join("\n")}\n`;
}
