// `bace replay`: a production log fed to the simulator: what really happened beside what each policy would have done.
import {
  createPolicy,
  createSummary,
  type JobResult,
  NO_USAGE,
  type PolicyResult,
  simulate,
  TIME_MODELS,
  type TimeModel,
} from "@bace-pipe/core";
import { ALL_POLICIES, DEFAULT_POLICIES, type SimulationReport } from "@bace-pipe/core/shell";
import { type Command, Option } from "commander";
import { comparisonTable } from "../demo/comparison.ts";
import { badInput } from "../failure.ts";
import type { Io } from "../io.ts";
import { type Format, outputOption, rendered } from "../render/output.ts";
import { createProgress } from "../render/progress.ts";
import { type Recorded, recorded, type Workload } from "../replay/recorded.ts";
import { readBackupFile } from "../service/backup-file.ts";
import { knownPolicy } from "../simulation/run.ts";
import { VERSION } from "../version.ts";

/** A log that is read sooner needs no bar. */
const QUIET_SECONDS = 1;

interface Options {
  readonly policy: readonly string[];
  readonly timeModel: TimeModel;
  readonly state?: boolean;
  readonly output: Format;
}

export function replayCommand(program: Command, io: Io): void {
  program
    .command("replay")
    .description("what really happened by a log, beside what each scheduling policy would have done")
    .argument("<log>", "file that `bace backup` wrote")
    .option(
      "-p, --policy <names>",
      `policies, separated by commas: ${ALL_POLICIES.join(", ")}`,
      (names: string) => [...new Set(names.split(",").map((name) => name.trim()))],
      DEFAULT_POLICIES,
    )
    .addOption(
      new Option("--time-model <model>", "how iteration times are predicted")
        .choices(TIME_MODELS)
        .default("auto"),
    )
    .option("--state", "print the state that the log leads to instead, as canonical JSON, with its SHA-256")
    .addOption(outputOption())
    .addHelpText(
      "before",
      `Examples:
  bace replay bace-log.jsonl
  bace replay bace-log.jsonl --policy bace,bace-plus -o json
  bace replay bace-log.jsonl --state
`,
    )
    .action(async (name: string, options: Options) => {
      const backup = await readBackupFile(name, io);
      const reading = createProgress(io.err, { noun: "events", quietSeconds: QUIET_SECONDS });
      const log = await recorded(backup, (count) => reading.done(count, backup.eventCount));
      reading.end();
      if (options.state) {
        const { canonical, seq, sha256 } = log.state;
        io.out.write(`{"seq":${seq},"sha256":"${sha256}","state":${canonical}}\n`);
        return;
      }
      if (!log.workload)
        throw badInput("no-jobs", `${name} has no job that finished`, "--state prints what it leads to");
      const measured = measuredResult(log.workload);
      const report = simulated(log.workload, backup.sha256, options, io);
      io.out.write(
        rendered(options.output, { ...report, measured }, () => reportText(measured, report, log, io)),
      );
    });
}

function measuredResult({ results }: Workload): PolicyResult {
  const summary = createSummary();
  results.forEach(summary.add);
  return summary.result(NO_USAGE, false, results);
}

function simulated(
  { fleet, jobs, said }: Workload,
  scenarioHash: string,
  { policy: names, timeModel }: Options,
  io: Io,
): SimulationReport {
  const place = new Map(jobs.map(({ id }, i) => [id, i]));
  const results = names.map(knownPolicy).map((name): [string, PolicyResult] => {
    const noun = `jobs are over, by ${name}`;
    const progress = createProgress(io.err, { noun, quietSeconds: QUIET_SECONDS });
    const ended: JobResult[] = [];
    const onResult = (job: JobResult) => progress.done(ended.push(job), jobs.length);
    const result = simulate({ fleet, jobs, said, timeModel, policy: createPolicy(name), onResult });
    progress.end();
    return [name, { ...result, jobs: ended.sort((a, b) => place.get(a.id)! - place.get(b.id)!) }];
  });
  const about = { version: VERSION, scenarioHash, scenario: fleet.name, seed: 1, timeModel };
  return { ...about, policies: Object.fromEntries(results) };
}

function reportText(
  measured: PolicyResult,
  report: SimulationReport,
  { leftOut, state }: Recorded,
  io: Io,
): string {
  const { colors } = io.out;
  const head = `${report.scenario}  log ${report.scenarioHash.slice(0, 12)}  ${measured.jobs.length} jobs  state ${state.sha256.slice(0, 12)} at ${state.seq}  bace ${report.version}\n`;
  const left = [...leftOut].map(([reason, count]) => `${count} ${reason}`).join(", ");
  return [
    `${colors.dim(head)}\n`,
    comparisonTable({ ...measured, name: "measured" }, report, colors),
    left === "" ? "" : `Left out of every row: ${left}.\n`,
  ].join("");
}
