// `bace simulate`: a scenario under several policies, on a virtual clock. Needs no service.
import { TIME_MODELS, type TimeModel } from "@bace-pipe/core";
import { ALL_POLICIES, DEFAULT_POLICIES } from "@bace-pipe/core/shell";
import type { Diagnostic } from "@bace-pipe/core/spec";
import { type Command, InvalidArgumentError, Option } from "commander";
import { readNamed } from "../files.ts";
import { warningText } from "../import/taken.ts";
import type { Io } from "../io.ts";
import { type Format, outputOption, rendered } from "../render/output.ts";
import { prepareReports, type ReportFiles } from "../simulation/report/index.ts";
import { simulatePolicies } from "../simulation/run.ts";
import { simulationText } from "../simulation/table.ts";

interface Options extends ReportFiles {
  readonly policy: readonly string[];
  readonly seed: number;
  readonly timeModel?: TimeModel;
  readonly output: Format;
}

export function simulateCommand(program: Command, io: Io): void {
  program
    .command("simulate")
    .description("run a scenario under several scheduling policies on a virtual clock and compare them")
    .argument("<scenario>", "scenario file (YAML), or - for standard input")
    .option(
      "-p, --policy <names>",
      `policies, separated by commas: ${ALL_POLICIES.join(", ")}`,
      list,
      DEFAULT_POLICIES,
    )
    .option("--seed <number>", "seed of everything random", seed, 1)
    .addOption(
      new Option(
        "--time-model <model>",
        "how iteration times are predicted (default: the scenario's)",
      ).choices(TIME_MODELS),
    )
    .option("--html <file>", "also write a page with pictures, to open in a browser")
    .option("--csv <file>", "also write a row per policy and job")
    .option("--jsonl <file>", "also write everything as JSON Lines")
    .addOption(outputOption())
    .addHelpText(
      "before",
      `Examples:
  bace simulate scenarios/paper-six-regions.yaml
  bace simulate scenarios/demo-three-regions.yaml --policy bace,lcf -o wide
  bace simulate scenarios/disruptions.yaml --seed 7
  bace simulate scenarios/paper-six-regions.yaml --html report.html --csv jobs.csv
  bace simulate scenarios/paper-six-regions.yaml -o json > result.json
`,
    )
    .action(async (name: string, { policy, output, csv, html, jsonl, ...options }: Options) => {
      const source = await readNamed(name, io);
      const reports = await prepareReports({ csv, html, jsonl }, source, name, io);
      const { observe } = reports;
      const warn = (warning: Diagnostic) => io.err.write(warningText(warning, io));
      const report = simulatePolicies(source, { ...options, policies: policy, observe, warn });
      io.out.write(rendered(output, report, (wide) => simulationText(report, io.out.colors, wide)));
      await reports.write(report);
    });
}

function list(text: string): string[] {
  const names = text.split(",").map((name) => name.trim());
  return [...new Set(names.filter((name) => name !== ""))];
}

function seed(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("Give a whole number, such as 1.");
  return Number(text);
}
