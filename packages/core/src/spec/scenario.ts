// From a scenario file to a fleet and its jobs, or everything that is wrong with it at once.
import type { TimeModel } from "../cost/iteration-time.ts";
import type { Job } from "../cost/job.ts";
import type { Fleet, Link, Region } from "../fleet/fleet.ts";
import { GPU_TYPES, type GpuType } from "../fleet/gpu-types.ts";
import { flat, type Series } from "../fleet/series.ts";
import type { PolicyOverrides } from "../scheduler/registry.ts";
import { type Diagnostic, nameHint, type Parsed } from "./diagnostic.ts";
import { DEFAULT_EFFICIENCY, type JobOptions, toJob } from "./job.ts";
import {
  type JobInput,
  jobListSchema,
  jobSchema,
  type RegionInput,
  type ScenarioInput,
  scenarioSchema,
} from "./schema.ts";
import { type FieldPath, readYaml, type Source } from "./source.ts";

export interface Scenario {
  readonly name: string;
  readonly description: string;
  readonly fleet: Fleet;
  readonly jobs: readonly Job[];
  readonly timeModel: TimeModel;
  readonly efficiency: number;
  /** Whether the electricity of GPUs that nobody uses is paid too. */
  readonly payIdleGpus: boolean;
  /** Options of policies, over their defaults. */
  readonly policies: PolicyOverrides;
}

export function parseScenario(text: string, file: string): Parsed<Scenario> {
  const read = readYaml(text, file, scenarioSchema);
  if (!read.ok) return read;
  const { data, source } = read.value;
  const fleet = toFleet(data, source);
  if (!fleet.ok) return fleet;
  const jobs = toJobs(data.jobs, (i) => ["jobs", i], fleet.value, source, data);
  if (!jobs.ok) return jobs;
  const { name, description, timeModel, efficiency, payIdleGpus, policies } = data;
  const settings = { timeModel, efficiency, payIdleGpus, policies: policies as PolicyOverrides };
  return { ok: true, value: { name, description, fleet: fleet.value, jobs: jobs.value, ...settings } };
}

/** A file with one job or a list of them, for a fleet that is known already. */
export function parseJobs(
  text: string,
  file: string,
  fleet: Fleet,
  options: Partial<JobOptions> = {},
): Parsed<readonly Job[]> {
  // Chosen by hand: a union would complain about both forms at once.
  const isList = (plain: unknown) => typeof plain === "object" && plain !== null && "jobs" in plain;
  const read = readYaml(text, file, (plain) => (isList(plain) ? jobListSchema : jobSchema));
  if (!read.ok) return read;
  const { data, source } = read.value;
  if ("jobs" in data) return toJobs(data.jobs, (i) => ["jobs", i], fleet, source, options);
  return toJobs([data], () => [], fleet, source, options);
}

function toFleet(input: ScenarioInput, source: Source): Parsed<Fleet> {
  const diagnostics: Diagnostic[] = [];
  const types = new Map<string, GpuType>(GPU_TYPES);
  for (const [name, type] of Object.entries(input.gpuTypes))
    types.set(name, withoutUndefined({ name, ...type }));
  diagnostics.push(...duplicates(input.regions, "regions", source));
  const regions = input.regions.map((region, i): Region => {
    const gpuType = types.get(region.gpuType);
    if (!gpuType) {
      const hint = nameHint(region.gpuType, [...types.keys()]);
      const message = `there is no GPU type "${region.gpuType}"`;
      diagnostics.push(source.diagnostic(["regions", i, "gpuType"], "unknown-gpu-type", message, hint));
    }
    return toRegion(region, gpuType ?? types.values().next().value!);
  });
  const links = toLinks(input, source, diagnostics);
  if (diagnostics.length > 0) return { ok: false, diagnostics };
  const { linkModel, name } = input;
  return { ok: true, value: { name, regions, links, ...(linkModel === "share" ? { linkModel } : {}) } };
}

function toRegion(region: RegionInput, gpuType: GpuType): Region {
  const { name, gpus, priceUsdPerKwh, carbonGramsPerKwh, pue, latitude, longitude } = region;
  const tariff = toSeries(priceUsdPerKwh, "pricesUsdPerKwh");
  const carbon =
    carbonGramsPerKwh === undefined ? undefined : toSeries(carbonGramsPerKwh, "carbonGramsPerKwh");
  return withoutUndefined({ name, gpuType, gpus, tariff, carbon, pue, latitude, longitude });
}

/** A number, or steps whose values have the field's name. */
function toSeries<Field extends string>(
  input: number | ({ startSeconds: number; stepSeconds: number } & { [K in Field]: number[] }),
  field: Field,
): Series {
  if (typeof input === "number") return flat(input);
  const { startSeconds, stepSeconds } = input;
  return { kind: "series", startSeconds, stepSeconds, values: input[field] };
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
    const { bandwidthBitsPerSecond, latencySeconds, egressUsdPerGb, both } = link;
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
      return {
        from: names.indexOf(from),
        to: names.indexOf(to),
        bandwidthBitsPerSecond: Math.floor(bandwidthBitsPerSecond),
        latencySeconds,
        egressUsdPerGb,
      };
    });
  });
}

function toJobs(
  inputs: readonly JobInput[],
  pathOf: (index: number) => FieldPath,
  fleet: Fleet,
  source: Source,
  { efficiency = DEFAULT_EFFICIENCY, mustTrain = false }: Partial<JobOptions>,
): Parsed<Job[]> {
  const diagnostics = duplicates(inputs, "jobs", source);
  const jobs: Job[] = [];
  inputs.forEach((input, i) => {
    const job = toJob(input, { fleet, source, path: pathOf(i), efficiency, mustTrain });
    if ("code" in job) diagnostics.push(job);
    else jobs.push(job);
  });
  return diagnostics.length > 0 ? { ok: false, diagnostics } : { ok: true, value: jobs };
}

function duplicates(items: readonly { readonly name: string }[], list: string, source: Source): Diagnostic[] {
  const seen = new Set<string>();
  return items.flatMap(({ name }, i) => {
    const again = seen.has(name);
    seen.add(name);
    if (!again) return [];
    const message = `"${name}" is there twice in ${list}`;
    return [source.diagnostic([list, i, "name"], "duplicate-name", message, "rename one of them")];
  });
}

/** Optional fields that are absent rather than undefined, as the types of core want them. */
function withoutUndefined<T extends object>(value: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T;
}
