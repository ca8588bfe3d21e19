// `bace experiment`: a whole simulation study. Long work: shows progress, uses all cores, goes on where it was interrupted.
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { allTasks } from "../experiment/plan.ts";
import { runTasks } from "../experiment/pool.ts";
import { reportText } from "../experiment/report/index.ts";
import { sourcesHash } from "../experiment/sources.ts";
import { EXIT, Failure } from "../failure.ts";
import type { Io } from "../io.ts";
import { createProgress } from "../render/progress.ts";
import { VERSION } from "../version.ts";

interface Options {
  readonly draws: number;
  readonly out?: string;
  readonly threads: number;
}

export function experimentCommand(program: Command, io: Io): void {
  program
    .command("experiment")
    .description("run a whole simulation study and write its report; minutes to an hour")
    .argument("<study>", "paper: the BACE-Pipe paper's study, and bace-plus beside it")
    .option("--draws <number>", "random scenarios of each family", positive, 500)
    .option("--out <folder>", "where results and report go (default .bace/experiments/<study>)")
    .addOption(
      new Option("--threads <number>", "worker threads")
        .argParser(positive)
        .default(availableParallelism(), "one per core"),
    )
    .addHelpText(
      "before",
      `Examples:
  bace experiment paper --draws 20        a first look: about a minute
  bace experiment paper                   the whole study
`,
    )
    .addHelpText(
      "after",
      `
Ctrl-C stops it; the same command goes on where it was. Results are kept per version of the program.`,
    )
    .action(async (study: string, options: Options) => {
      if (study !== "paper")
        throw new Failure(`there is no study "${study}"`, {
          exitCode: EXIT.badInput,
          code: "unknown-study",
          hint: "there is one: bace experiment paper",
        });
      await runStudy(options, io);
    });
}

async function runStudy({ draws, out, threads }: Options, io: Io): Promise<void> {
  const folder = resolve(io.folder, out ?? ".bace/experiments/paper");
  mkdirSync(folder, { recursive: true });
  const sources = sourcesHash();
  const resultsFile = join(folder, `results-${sources}.jsonl`);
  const interrupt = new AbortController();
  const stopListening = io.onInterrupt(() => interrupt.abort());
  try {
    const tasks = allTasks(draws);
    const bar = createProgress(io.err, { noun: "scenarios" });
    const progress = (done: number) => bar.done(done, tasks.length);
    const results = await runTasks(tasks, { threads, resultsFile, progress, signal: interrupt.signal });
    if (interrupt.signal.aborted)
      throw new Failure(`stopped with ${results.size} of ${tasks.length} scenarios done`, {
        exitCode: EXIT.interrupted,
        code: "interrupted",
        hint: "the same command goes on from here",
      });
    const report = join(folder, "report.md");
    writeFileSync(report, reportText(results, { version: VERSION, sources, draws }));
    io.err.write(`\nresults in ${resultsFile}\n`);
    io.out.write(`${report}\n`);
  } finally {
    stopListening();
  }
}

function positive(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError("Give a whole number from 1.");
  return number;
}
