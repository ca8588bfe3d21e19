// From the options of `bace tune` to what core tunes: a job of a file, and GPUs of regions of a fleet that are linked.
import {
  type Fleet,
  hasModel,
  type Job,
  type Link,
  type ModelJob,
  type TuneRequest,
  topologyOf,
  unitGpusOf,
} from "@bace-pipe/core";
import { nameHint, parseJobs } from "@bace-pipe/core/spec";
import { badFile, badInput } from "../failure.ts";
import { type NamedText, readerBeside, readNamed } from "../files.ts";
import type { Io } from "../io.ts";
import { scenarioOf } from "../simulation/run.ts";

export interface TuneOptions {
  readonly fleet: string;
  readonly job: string;
  readonly jobName?: string;
  readonly regions: readonly string[];
  readonly gpus: readonly number[];
  readonly sequenceLengths?: readonly number[];
}

/** Throws a Failure that says which option is wrong. The fleet of the request has the named regions only, in their order. */
export async function tuneRequest(options: TuneOptions, io: Io): Promise<TuneRequest> {
  if (options.fleet === "-" && options.job === "-")
    throw badInput("same-file", "--fleet and --job cannot both be standard input", "give one as a file");
  const scenario = scenarioOf(await readNamed(options.fleet, io));
  const source = await readNamed(options.job, io);
  // Where it runs is said: that other links would be too thin for it is no reason not to read the job.
  const anywhere = { ...scenario.fleet, links: scenario.fleet.links.map(unlimited) };
  const { job, isEfficiencyStated } = jobOf(source, anywhere, scenario.efficiency, options.jobName);
  const fleet = withRegions(scenario.fleet, options.regions);
  checkGpus(job, fleet, options);
  const { memory } = job;
  return {
    job,
    fleet,
    path: {
      regions: fleet.regions.map((_, region) => region),
      gpus: options.gpus,
      hopBitsPerSecond: hopsOf(fleet),
    },
    sequenceLengths: options.sequenceLengths ?? [memory.options.sequenceLength],
    efficiency: isEfficiencyStated || scenario.efficiency !== undefined ? "job" : "fitted",
  };
}

function unlimited(link: Link): Link {
  return { ...link, bandwidthBitsPerSecond: Number.MAX_SAFE_INTEGER };
}

function jobOf(source: NamedText, fleet: Fleet, efficiency: number | undefined, name: string | undefined) {
  const { file, text } = source;
  const parsed = parseJobs(text, file, fleet, { efficiency, readFile: readerBeside(source) });
  if (!parsed.ok) throw badFile(file, text, parsed.diagnostics);
  const job = oneOf(parsed.value, name, file);
  if (job.work.kind === "measured")
    throw badInput(
      "job-with-profile",
      `job "${job.id}" has a profile, which holds for its own micro-batches alone`,
      "leave profile out: tuning goes by the model",
    );
  if (!hasModel(job))
    throw badInput(
      "job-without-model",
      `job "${job.id}" gives its times outright, so nobody knows them for other micro-batches`,
      "give it model and sequenceLength",
    );
  return { job, isEfficiencyStated: statesEfficiency(source, fleet, job) };
}

function oneOf(jobs: readonly Job[], name: string | undefined, file: string): Job {
  const names = jobs.map(({ id }) => id);
  if (name === undefined) {
    if (jobs.length === 1) return jobs[0]!;
    throw badInput(
      "which-job",
      `${file} has ${jobs.length} jobs: ${names.join(", ")}`,
      "choose with --job-name",
    );
  }
  const job = jobs.find(({ id }) => id === name);
  if (!job) throw badInput("unknown-job", `${file} has no job "${name}"`, nameHint(name, names));
  return job;
}

/** Whatever is taken for jobs that state none changes nothing in one that does. */
function statesEfficiency(source: NamedText, fleet: Fleet, { id, work }: ModelJob): boolean {
  const { file, text } = source;
  const readFile = readerBeside(source);
  const other = parseJobs(text, file, fleet, { efficiency: work.efficiency / 2, readFile });
  const same = other.ok ? other.value.find((job) => job.id === id) : undefined;
  return same?.work.kind === "flops" && same.work.efficiency === work.efficiency;
}

function withRegions(fleet: Fleet, names: readonly string[]): Fleet {
  const known = fleet.regions.map(({ name }) => name);
  const chosen = names.map((name, i) => {
    const index = known.indexOf(name);
    if (index < 0)
      throw badInput("unknown-region", `--regions: there is no region "${name}"`, nameHint(name, known));
    if (names.indexOf(name) < i)
      throw badInput("duplicate-name", `--regions: "${name}" is there twice`, "name each region once");
    return index;
  });
  return {
    ...fleet,
    regions: chosen.map((index) => fleet.regions[index]!),
    links: fleet.links.flatMap((link) => {
      const [from, to] = [chosen.indexOf(link.from), chosen.indexOf(link.to)];
      return from >= 0 && to >= 0 ? [{ ...link, from, to }] : [];
    }),
  };
}

function checkGpus(job: ModelJob, { regions }: Fleet, { gpus }: TuneOptions): void {
  const complain = (message: string, hint: string) => badInput("invalid-option", `--gpus: ${message}`, hint);
  if (gpus.length !== regions.length)
    throw complain(`${gpus.length} counts for ${regions.length} regions`, "give one for each region");
  const unit = unitGpusOf(job);
  gpus.forEach((count, i) => {
    const { gpus: all, name } = regions[i]!;
    if (count % unit !== 0) {
      const { dataParallel = 1, tensorParallel = 1 } = job;
      const stage = `a stage has ${tensorParallel} × ${dataParallel} = ${unit} GPUs`;
      throw complain(`${count} in ${name}, but ${stage}`, `give a multiple of ${unit}`);
    }
    if (count > all) throw complain(`${count} in ${name}, which has ${all}`, `give ${all} or less`);
  });
  const stages = gpus.reduce((sum, count) => sum + count, 0) / unit;
  if (stages > job.layers)
    throw complain(`${stages} stages for ${job.layers} layers`, `give ${job.layers * unit} GPUs or less`);
}

/** What both directions have. */
function hopsOf(fleet: Fleet): number[] {
  const { bandwidthBitsPerSecond, regionCount } = topologyOf(fleet);
  return fleet.regions.slice(0, -1).map(({ name }, a) => {
    const b = a + 1;
    const bits = Math.min(
      bandwidthBitsPerSecond[a * regionCount + b]!,
      bandwidthBitsPerSecond[b * regionCount + a]!,
    );
    if (bits > 0) return bits;
    throw badInput(
      "no-link",
      `--regions: there are no links both ways between ${name} and ${fleet.regions[b]!.name}`,
      "name the regions in an order in which neighbours are linked, or add the link to the fleet",
    );
  });
}
