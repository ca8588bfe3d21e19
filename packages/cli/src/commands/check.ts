// `bace check`: looks at every region of a fleet before the first job is submitted, and says what to mend.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Fleet, infrastructureOf, type Region } from "@bace-pipe/core";
import { parseScenario } from "@bace-pipe/core/spec";
import { createRunner } from "@bace-pipe/server/slurm";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { RegionFinding } from "../check/finding.ts";
import { checkFleet } from "../check/run.ts";
import { checkText } from "../check/text.ts";
import { badFile, badInput, EXIT, Failure } from "../failure.ts";
import { readNamed } from "../files.ts";
import type { Io } from "../io.ts";
import { WORKER } from "../places.ts";
import { type Format, outputOption, rendered } from "../render/output.ts";
import { readServiceFile, stateFolder, stateOption } from "../service/discovery.ts";
import { chosenPython } from "../service/python.ts";
import { regionNamed, unknownRegion } from "../service/region-names.ts";
import { scenarioOf } from "../simulation/run.ts";

const SCRIPT = join(WORKER, "bace_worker/probe/reach.py");

interface Options {
  readonly fleet?: string;
  readonly state?: string;
  readonly region?: readonly string[];
  readonly jobs?: boolean;
  readonly advertise?: string;
  readonly python?: string;
  readonly patience: number;
  readonly output: Format;
  readonly json?: boolean;
}

export function checkCommand(program: Command, io: Io, exit: (code: number) => void): void {
  program
    .command("check")
    .description("look at every region before the first job: what is wrong, and what to do about it")
    .option("--fleet <scenario>", "scenario file whose regions are looked at (default: the service's)")
    .addOption(stateOption())
    .option("--region <name...>", "only these, by name or by a path such as slurm/eu-west/gpu")
    .option("--jobs", "also look from the nodes of clusters: one short job in each region")
    .option("--advertise <url>", "what ranks are to be told (default: what those of the service are)")
    .option("--python <path>", "Python with PyTorch of regions on this machine, as for `bace up`")
    .addOption(
      new Option("--patience <seconds>", "for a job to start, or for Python to say what it has")
        .argParser(seconds)
        .default(120, "120"),
    )
    .addOption(outputOption())
    .option("--json", "the same as -o json")
    .addHelpText(
      "before",
      `Examples:
  bace check --fleet fleet.yaml
  bace check --fleet fleet.yaml --jobs --advertise http://bace.example:7420
  bace check --region frankfurt --json
`,
    )
    .addHelpText(
      "after",
      `
Of a cluster: ssh, Slurm's commands and controller, the partition, account and options of the fleet's file as sbatch sees
them, GPUs on nodes that start jobs, time limits, the shared folder, clocks, Python with PyTorch, and whom its hosts reach:
those of the other regions, both ways, and the service. Without --jobs that is seen from the login host. Nothing is left
behind.
Exit codes: 0 no problems (there may be warnings), 1 problems, 2 bad input, 130 stopped by Ctrl-C.`,
    )
    .action((options: Options) => check(options, io, exit));
}

async function check(options: Options, io: Io, exit: (code: number) => void): Promise<void> {
  const { advertise, jobs = false, json, output, patience } = options;
  const service = serviceOf(options, io);
  const fleet = await fleetOf(options, service.scenario, io);
  const regions = chosen(fleet, options.region);
  const controlUrl = advertise ?? service.url;
  if (controlUrl !== undefined && !isPlace(controlUrl))
    throw badInput("invalid-address", `"${controlUrl}" is no address for ranks`, "write http://HOST:PORT");
  let isInterrupted = false;
  const stopListening = io.onInterrupt(() => {
    isInterrupted = true;
    io.err.write("ending what was started …\n");
  });
  const findings = await checkFleet({
    isInterrupted: () => isInterrupted,
    ...{ fleet, regions, jobs, controlUrl, startSeconds: patience },
    isServiceThere: controlUrl !== undefined && (await answers(controlUrl)),
    python: chosenPython(options.python, io),
    script: readFileSync(SCRIPT, "utf8"),
    runnerOf: ({ slurm }) => createRunner({ host: slurm?.host, prefix: slurm?.clientPrefix }),
    begins: (region, what) => io.err.write(`${region}: ${what} …\n`),
  });
  stopListening();
  if (isInterrupted)
    throw new Failure("stopped: not all was looked at", { exitCode: EXIT.interrupted, code: "interrupted" });
  const value = { fleet: fleet.name, ...countsOf(findings), regions: byRegion(regions, findings) };
  io.out.write(rendered(json ? "json" : output, value, () => checkText(findings, io.out.colors)));
  if (value.problems > 0) exit(EXIT.failed);
}

function countsOf(findings: readonly RegionFinding[]) {
  const count = (wanted: string) => findings.filter(({ level }) => level === wanted).length;
  return { problems: count("problem"), warnings: count("warning") };
}

function byRegion(regions: readonly Region[], findings: readonly RegionFinding[]) {
  return regions.map(({ name }) => ({
    region: name,
    findings: findings.filter(({ region }) => region === name).map(({ region: _, ...rest }) => rest),
  }));
}

interface KnownService {
  readonly url?: string;
  readonly scenario?: {
    readonly file: string;
    readonly text: string;
    readonly files?: Readonly<Record<string, string>>;
  };
}

/** What a service of the state folder has, and what it tells ranks. */
function serviceOf(options: Options, io: Io): KnownService {
  const folder = stateFolder(options, io);
  let config: KnownService & { readonly advertised?: string } = {};
  try {
    config = JSON.parse(readFileSync(join(folder, "config.json"), "utf8")) as typeof config;
  } catch {} // there was none
  const { advertised, scenario } = config;
  const url = readServiceFile(folder) && (advertised ?? readServiceFile(folder)!.url);
  return { ...(url ? { url } : {}), ...(scenario ? { scenario } : {}) };
}

async function fleetOf({ fleet }: Options, kept: KnownService["scenario"], io: Io): Promise<Fleet> {
  if (fleet !== undefined) return scenarioOf(await readNamed(fleet, io), { purpose: "service" }).fleet;
  if (!kept)
    throw badInput(
      "no-scenario",
      "there is no fleet to look at",
      "name one: bace check --fleet SCENARIO.yaml",
    );
  const readFile = (name: string) => {
    const text = kept.files?.[name];
    return text === undefined ? { problem: `there is no file ${name}`, hint: "" } : { file: name, text };
  };
  const parsed = parseScenario(kept.text, kept.file, { readFile, purpose: "service" });
  if (!parsed.ok) throw badFile(kept.file, kept.text, parsed.diagnostics);
  return parsed.value.fleet;
}

function chosen({ regions }: Fleet, names: readonly string[] | undefined): readonly Region[] {
  if (!names) return regions;
  const known = regions.map((each) => ({ ...each, infrastructure: infrastructureOf(each) }));
  return names.map((text) => {
    const found = regionNamed(known, text);
    if (!found) throw unknownRegion(known, text);
    return regions.find(({ name }) => name === found.name)!;
  });
}

/** From here; whatever it says. */
async function answers(url: string): Promise<boolean> {
  try {
    await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(5000), redirect: "manual" });
    return true;
  } catch {
    return false;
  }
}

/** Nothing but a place, as `bace up --advertise` has it. */
function isPlace(url: string): boolean {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  return parsed !== undefined && /^https?:$/.test(parsed.protocol) && `${parsed.origin}/` === parsed.href;
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value >= 1 && value <= 3600)) throw new InvalidArgumentError("Give seconds from 1 to 3600.");
  return value;
}
