// `bace import`: public data (Skyplane's measurements, hourly prices and carbon intensity, job traces) as files that
// `bace simulate` and `bace submit` take. What was left out, filled in or assumed is said on standard error.
import { GPU_TYPES } from "@bace-pipe/core";
import { NETWORK_TIERS, TRACE_DEFAULTS } from "@bace-pipe/core/spec";
import { type Command, Option } from "commander";
import { decimal, instant, positive, regionList, whole } from "../import/arguments.ts";
import { type FleetArguments, fleetOf } from "../import/fleet.ts";
import { type JobArguments, jobsOf } from "../import/jobs.ts";
import type { Io } from "../io.ts";

export function importCommand(program: Command, io: Io): void {
  const group = program
    .command("import")
    .description("turn public data into fleets and jobs")
    .addHelpText(
      "before",
      "Examples:\n  bace import jobs philly.csv --limit 200 > jobs.yaml\n  bace import fleet --help\n",
    );
  group
    .command("fleet")
    .description(
      "a fleet of cloud regions with measured links (Skyplane) and published prices, as a scenario",
    )
    .requiredOption("--regions <list>", "such as ireland=aws:eu-west-1,gcp:us-east4", regionList)
    .requiredOption("--throughput <file>", "Skyplane's rates between VM pairs")
    .requiredOption("--latency <file>", "Skyplane's round trips")
    .requiredOption("--cost <file>", "Skyplane's egress prices")
    .addOption(new Option("--tier <tier>", "network tier of GCP").choices(NETWORK_TIERS).default("PREMIUM"))
    .option("--gateways <count>", "VM pairs that carry a link together", whole, 4)
    .addOption(
      new Option("--gpu-type <type>", "of every region").choices([...GPU_TYPES.keys()]).default("A100-80GB"),
    )
    .option("--gpus <count>", "of every region", whole, 64)
    .option("--prices <region=file...>", "hourly prices; file#column where a file has several", [])
    .option("--carbon <region=file...>", "hourly carbon intensity; file#column where a file has several", [])
    .option("--flat-price <USD/kWh>", "of regions without --prices", decimal, 0.1)
    .option("--from <date>", "second 0 of the scenario (UTC; default: first hour of all series)", instant)
    .option("--to <date>", "end of the series (UTC; default: last hour of all series)", instant)
    .option("--name <name>", "of the scenario", "imported-fleet")
    .addHelpText(
      "before",
      `Examples:
  bace import fleet --regions ireland=aws:eu-west-1,virginia=gcp:us-east4 \\
    --throughput throughput.csv --latency latency.csv --cost cost.csv > fleet.yaml
  bace import fleet … --prices ireland=NL_2024.csv virginia=PJM_2024.csv --from 2024-03-01 --to 2024-03-08
  bace import fleet … --prices 'ireland=scenarios/data/prices-2024.csv#NL_usd_per_mwh'
`,
    )
    .action(async (options: FleetArguments) => io.out.write(await fleetOf(options, io)));
  group
    .command("jobs")
    .description(
      "jobs of a trace in the style of Philly (timestamp, duration, num_gpus, cluster), as a job file",
    )
    .argument("<trace>", "CSV file, or - for standard input")
    .option("--limit <count>", "the first so many by submit time", whole)
    .option("--from <date>", "only jobs submitted from here on", instant)
    .option("--to <date>", "only jobs submitted before", instant)
    .option(
      "--time-scale <factor>",
      "on the time between arrivals: 0.1 makes ten times the load",
      positive,
      1,
    )
    .option("--gpu-scale <factor>", "on GPUs per job; run times stay", positive, 1)
    .option("--max-gpus <count>", "leave out jobs that then need more", whole, TRACE_DEFAULTS.mostGpus)
    .option("--iteration <seconds>", "about how long one takes", positive, TRACE_DEFAULTS.iterationSeconds)
    .option("--microbatches <count>", "per iteration", whole, TRACE_DEFAULTS.microbatches)
    .option(
      "--activation <bytes>",
      "between stages, per micro-batch",
      positive,
      TRACE_DEFAULTS.activationBytes,
    )
    .addHelpText(
      "before",
      `Examples:
  bace import jobs philly.csv --limit 200 > jobs.yaml
  bace import jobs philly.csv --from 2017-10-09 --to 2017-10-10 --gpu-scale 4 --time-scale 0.5 > jobs.yaml
  cat fleet.yaml jobs.yaml | bace simulate -
`,
    )
    .action(async (trace: string, options: JobArguments) => io.out.write(await jobsOf(trace, options, io)));
}
