// A scenario's jobs as they come: those that it writes out, copies of them, those of a trace, and when each is submitted.
import type { Job } from "../cost/job.ts";
import type { Fleet } from "../fleet/fleet.ts";
import { reachOf } from "../scheduler/feasibility.ts";
import { exponential } from "../simulator/exponential.ts";
import { randomStream } from "../simulator/random.ts";
import { counted } from "./import/imported.ts";
import { tracedJobs } from "./import/traces.ts";
import type { Reading } from "./reading.ts";
import type { JobInput, ScenarioInput } from "./schema.ts";
import type { FieldPath, Source } from "./source.ts";

/** Of one file: each is an entry in memory from its start to its end. */
const MOST_JOBS = 100_000;
const LONGEST_NAME = 63;

/** Names of a job's copies: name-1 … name-n; its own where it says nothing of copies. */
export function jobNames({
  name,
  copies,
}: {
  readonly name: string;
  readonly copies?: number | undefined;
}): string[] {
  return copies === undefined ? [name] : Array.from({ length: copies }, (_, i) => `${name}-${i + 1}`);
}

/** What is wrong with the number of jobs and the names of copies. */
export function copyComplaints(
  inputs: readonly JobInput[],
  pathOf: (index: number) => FieldPath,
  source: Source,
) {
  let total = 0;
  return inputs.flatMap(({ name, copies = 1 }, i) => {
    const complain = (message: string, hint: string) => [
      source.diagnostic([...pathOf(i), "copies"], "invalid-field", message, hint),
    ];
    const wasTooMany = total > MOST_JOBS;
    total += copies;
    if (total > MOST_JOBS && !wasTooMany)
      return complain(`${total} jobs by here, of ${MOST_JOBS} at most`, "make fewer copies");
    return copies > 1 && `${name}-${copies}`.length > LONGEST_NAME
      ? complain(
          `the name ${name}-${copies} has more than ${LONGEST_NAME} characters`,
          "shorten the job's name",
        )
      : [];
  });
}

/** The written jobs and the trace's, in this order, each with its time of submission. */
export function toWorkload(
  written: readonly Job[],
  data: ScenarioInput,
  fleet: Fleet,
  reading: Reading,
): readonly Job[] {
  const jobs = [...written, ...jobsOfTrace(data.trace, written, fleet, reading)];
  const { arrivals } = data;
  if (!arrivals) return jobs;
  const { diagnostics, seed, source } = reading;
  data.jobs.forEach(({ submitSeconds }, i) => {
    if (submitSeconds === undefined) return;
    const message = "the job says when it comes, and so does arrivals";
    const hint = "leave submitSeconds out, or arrivals";
    diagnostics.push(source.diagnostic(["jobs", i, "submitSeconds"], "invalid-field", message, hint));
  });
  if (data.trace) {
    const message = "the trace says when its jobs come, and so does arrivals";
    const hint = "leave arrivals out; timeScale of the trace changes the load";
    diagnostics.push(source.diagnostic(["arrivals"], "invalid-field", message, hint));
  }
  if (!arrivals.poisson) return jobs;
  const { meanGapSeconds } = arrivals.poisson;
  const stream = randomStream(seed, "arrivals");
  let now = 0;
  return jobs.map((job, i) => {
    if (i > 0) now += exponential(stream) * meanGapSeconds;
    return { ...job, submitSeconds: now };
  });
}

function jobsOfTrace(
  trace: ScenarioInput["trace"],
  written: readonly Job[],
  fleet: Fleet,
  { diagnostics, open, source, warnings }: Reading,
): readonly Job[] {
  if (!trace) return [];
  const { file: path, ...options } = trace;
  const file = open(path, ["trace", "file"]);
  if (!file) return [];
  const read = tracedJobs(file.text, file.file, options);
  if (!read.ok) {
    diagnostics.push(...read.diagnostics);
    return [];
  }
  warnings.push(...read.warnings);
  const complain = (
    field: string,
    code: "duplicate-name" | "job-larger-than-any-path",
    text: [string, string],
  ) => diagnostics.push(source.diagnostic(["trace", field], code, ...text));
  const names = new Set(written.map(({ id }) => id));
  const twice = read.value.find(({ id }) => names.has(id));
  if (twice) {
    const message = `a job of the trace has the name "${twice.id}" too: they are named after their lines`;
    complain("file", "duplicate-name", [message, "rename the job that is written out"]);
  }
  const largestRegion = Math.max(...fleet.regions.map(({ gpus }) => gpus));
  const tooLarge = read.value.filter((job) => job.minGpus > largestRegion && !reachOf(job, fleet).fits);
  const [first] = tooLarge;
  if (first) {
    const { gpus } = reachOf(first, fleet);
    const message =
      `${counted(tooLarge.length, "job")} of the trace ${tooLarge.length === 1 ? "is" : "are"} larger than any path ` +
      `of regions; "${first.id}" needs ${first.minGpus} GPUs, the largest path for it has ${gpus}`;
    complain("file", "job-larger-than-any-path", [
      message,
      `set mostGpus: ${gpus} to leave them out, or gpuScale`,
    ]);
  }
  return read.value;
}
