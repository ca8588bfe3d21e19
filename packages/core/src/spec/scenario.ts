// From a scenario file to a fleet and its jobs, or everything that is wrong with it at once.
import type { TimeModel } from "../cost/iteration-time.ts";
import type { Job } from "../cost/job.ts";
import type { Fleet, Link, Region } from "../fleet/fleet.ts";
import { GPU_TYPES, type GpuType } from "../fleet/gpu-types.ts";
import type { SlurmSettings } from "../fleet/slurm.ts";
import type { Tenant } from "../fleet/tenancy.ts";
import type { PolicyOverrides } from "../scheduler/registry.ts";
import type { Disruption } from "../simulator/disruption.ts";
import type { Failures } from "../simulator/engine.ts";
import { SECONDS_PER_HOUR } from "../units.ts";
import { type Diagnostic, firstComplaints, nameHint, type Parsed } from "./diagnostic.ts";
import { fleetAtBest, toDisruptions } from "./disruptions.ts";
import { type JobOptions, toJob } from "./job.ts";
import { profileReader } from "./measured-job.ts";
import { type Reading, type ReferencedFile, type ScenarioOptions, startReading } from "./reading.ts";
import { regionSeries } from "./region-series.ts";
import { type JobInput, jobFileFormOf, type ScenarioInput, scenarioSchema } from "./schema.ts";
import { type FieldPath, readYaml, type Source } from "./source.ts";
import { copyComplaints, jobNames, toWorkload } from "./workload.ts";

export interface Scenario {
  readonly name: string;
  readonly description: string;
  readonly fleet: Fleet;
  readonly jobs: readonly Job[];
  readonly timeModel: TimeModel;
  /** Share of peak for all models; by the fitted model where absent. */
  readonly efficiency: number | undefined;
  /** Whether the electricity of GPUs that nobody uses is paid too. */
  readonly payIdleGpus: boolean;
  /** Options of policies, over their defaults. */
  readonly policies: PolicyOverrides;
  /** In order of time. Changes of price are in the fleet's tariffs. */
  readonly disruptions: readonly Disruption[];
  readonly failures?: Failures;
  /** Fields that only a simulation can do, for a service to name. */
  readonly simulationOnly: readonly string[];
  /** What the scenario says is what it and these say. */
  readonly files: readonly ReferencedFile[];
  /** What was filled in or left out. */
  readonly warnings: readonly Diagnostic[];
}

export function parseScenario(text: string, file: string, options: ScenarioOptions = {}): Parsed<Scenario> {
  const read = readYaml(text, file, scenarioSchema);
  if (!read.ok) return read;
  const { data, source } = read.value;
  const reading = startReading(source, options);
  const simulated = reading.purpose === "simulation";
  for (const field of SIMULATION_FIELDS) if (isSaid(data[field])) reading.simulationOnly.push(field);
  const atStart = toFleet(data, reading);
  if (!atStart.ok) return atStart;
  const changing = toDisruptions(data.disruptions, atStart.value, reading);
  const { diagnostics, warnings } = reading;
  if (diagnostics.length > 0) return { ok: false, diagnostics: firstComplaints(diagnostics) };
  const atBest = fleetAtBest(atStart.value, changing.disruptions);
  const { efficiency } = data;
  const given = { efficiency, readFile: reading.read };
  const written = toJobs(data.jobs, (i) => ["jobs", i], atBest, source, given);
  if (!written.ok) return written;
  const jobs = simulated ? toWorkload(written.value, data, atBest, reading) : written.value;
  if (diagnostics.length > 0) return { ok: false, diagnostics: firstComplaints(diagnostics) };
  const { name, description, payIdleGpus, policies, failures } = data;
  const timeModel = data.timeModel ?? (data.trace ? "1f1b" : "auto");
  const value: Scenario = {
    ...{ name, description, timeModel, efficiency, payIdleGpus, policies: policies as PolicyOverrides },
    fleet: simulated ? changing.fleet : atStart.value,
    jobs,
    disruptions: simulated ? changing.disruptions : [],
    ...(failures && simulated ? { failures: toFailures(failures) } : {}),
    simulationOnly: reading.simulationOnly,
    files: reading.files(),
    warnings,
  };
  return { ok: true, value };
}

const SIMULATION_FIELDS = ["disruptions", "failures", "arrivals", "trace"] as const;

function isSaid(field: unknown): boolean {
  return Array.isArray(field) ? field.length > 0 : field !== undefined;
}

function toFailures({
  checkpointIterations,
  gpuHoursBetween,
}: NonNullable<ScenarioInput["failures"]>): Failures {
  return { gpuSecondsBetween: gpuHoursBetween * SECONDS_PER_HOUR, checkpointIterations };
}

/** A file with one job or a list of them, for a fleet that is known already. */
export function parseJobs(
  text: string,
  file: string,
  fleet: Fleet,
  options: Partial<JobOptions> & Pick<ScenarioOptions, "readFile"> = {},
): Parsed<readonly Job[]> {
  const read = readYaml(text, file, jobFileFormOf);
  if (!read.ok) return read;
  const { data, source } = read.value;
  if ("jobs" in data) return toJobs(data.jobs, (i) => ["jobs", i], fleet, source, options);
  return toJobs([data], () => [], fleet, source, options);
}

function toFleet(input: ScenarioInput, reading: Reading): Parsed<Fleet> {
  const { diagnostics, source } = reading;
  const seriesOf = regionSeries(input.regions, reading);
  const types = new Map<string, GpuType>(GPU_TYPES);
  for (const [name, type] of Object.entries(input.gpuTypes))
    types.set(name, withoutUndefined({ name, ...type }));
  const names = input.regions.map(({ name }, i) => ({ name, path: ["regions", i, "name"] }));
  diagnostics.push(...duplicates(names, "regions", source));
  for (const list of ["tenants", "priorityClasses"] as const) {
    const places = input[list].map(({ name }, i) => ({ name, path: [list, i, "name"] }));
    diagnostics.push(...duplicates(places, list, source));
  }
  const regions = input.regions.map((region, i): Region => {
    const gpuType = types.get(region.gpuType);
    if (!gpuType) {
      const hint = nameHint(region.gpuType, [...types.keys()]);
      const message = `there is no GPU type "${region.gpuType}"`;
      diagnostics.push(source.diagnostic(["regions", i, "gpuType"], "unknown-gpu-type", message, hint));
    }
    const { name, gpus, pue, latitude, longitude, priceUsdPerKwh, carbonGramsPerKwh } = region;
    const { commandPrefix, interconnectBitsPerSecond, slurm } = region;
    return withoutUndefined({
      ...{ name, gpus, pue, latitude, longitude, interconnectBitsPerSecond, commandPrefix },
      gpuType: gpuType ?? types.values().next().value!,
      slurm: slurm && withoutUndefined<SlurmSettings>(slurm),
      tariff: seriesOf(priceUsdPerKwh),
      carbon: carbonGramsPerKwh === undefined ? undefined : seriesOf(carbonGramsPerKwh),
    });
  });
  const links = toLinks(input, source, diagnostics);
  if (diagnostics.length > 0) return { ok: false, diagnostics };
  const { linkModel, network } = input;
  const model = linkModel === "share" ? { linkModel } : {};
  return {
    ok: true,
    value: {
      ...{ name: input.name, regions, links, ...model },
      ...(network ? { network } : {}),
      ...(input.tenants.length > 0 ? { tenants: input.tenants.map(withoutUndefined<Tenant>) } : {}),
      ...(input.priorityClasses.length > 0 ? { priorityClasses: input.priorityClasses } : {}),
    },
  };
}

function toLinks(input: ScenarioInput, source: Source, diagnostics: Diagnostic[]): Link[] {
  const names = input.regions.map(({ name }) => name);
  const seen = new Set<string>();
  return input.links.flatMap((link, i) => {
    const path = (field: string): FieldPath => ["links", i, field];
    for (const end of ["from", "to"] as const) {
      if (names.includes(link[end])) continue;
      const message = `link ${link.from} → ${link.to} ends in "${link[end]}", which is not a region of this fleet`;
      diagnostics.push(source.diagnostic(path(end), "unknown-region", message, nameHint(link[end], names)));
    }
    if (link.from === link.to) {
      const message = `link from "${link.from}" to itself`;
      diagnostics.push(source.diagnostic(path("to"), "invalid-field", message, "name two different regions"));
    }
    const { bandwidthBitsPerSecond, latencySeconds, egressUsdPerGb, both, streams } = link;
    const directions = [[link.from, link.to], ...(both ? [[link.to, link.from]] : [])] as [string, string][];
    return directions.map(([from, to]): Link => {
      if (seen.has(`${from} ${to}`)) {
        const message = `a second link ${from} → ${to}`;
        diagnostics.push(
          source.diagnostic(
            path("from"),
            "duplicate-name",
            message,
            "keep one; `both: true` gives both directions",
          ),
        );
      }
      seen.add(`${from} ${to}`);
      return withoutUndefined({
        from: names.indexOf(from),
        to: names.indexOf(to),
        bandwidthBitsPerSecond: Math.floor(bandwidthBitsPerSecond),
        ...{ latencySeconds, egressUsdPerGb, streams },
      });
    });
  });
}

function toJobs(
  inputs: readonly JobInput[],
  pathOf: (index: number) => FieldPath,
  fleet: Fleet,
  source: Source,
  {
    efficiency,
    mustTrain = false,
    readFile,
    tenant,
  }: Partial<JobOptions> & Pick<ScenarioOptions, "readFile">,
): Parsed<Job[]> {
  const diagnostics: Diagnostic[] = copyComplaints(inputs, pathOf, source);
  if (diagnostics.length > 0) return { ok: false, diagnostics };
  const names = inputs.map(jobNames);
  const places = names.flatMap((all, i) => all.map((name) => ({ name, path: [...pathOf(i), "name"] })));
  diagnostics.push(...duplicates(places, "jobs", source));
  const jobs: Job[] = [];
  const readProfile = profileReader(readFile);
  inputs.forEach((input, i) => {
    const job = toJob(input, { fleet, source, path: pathOf(i), efficiency, mustTrain, readProfile, tenant });
    if ("code" in job) diagnostics.push(job);
    else for (const id of names[i]!) jobs.push({ ...job, id });
  });
  return diagnostics.length > 0 ? { ok: false, diagnostics } : { ok: true, value: jobs };
}

function duplicates(
  items: readonly { readonly name: string; readonly path: FieldPath }[],
  list: string,
  source: Source,
): Diagnostic[] {
  const seen = new Set<string>();
  return items.flatMap(({ name, path }) => {
    const again = seen.has(name);
    seen.add(name);
    if (!again) return [];
    const message = `"${name}" is there twice in ${list}`;
    return [source.diagnostic(path, "duplicate-name", message, "rename one of them")];
  });
}

/** Optional fields that are absent rather than undefined, as the types of core want them. */
function withoutUndefined<T extends object>(value: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T;
}
