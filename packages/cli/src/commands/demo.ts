// `bace demo`: from nothing to six models in training over three emulated regions, in one command.
import type { Command } from "commander";
import { runDemo } from "../demo/run.ts";
import { DEMO_SCENARIO } from "../demo/workload.ts";
import type { Io } from "../io.ts";

interface Options {
  readonly scenario: string;
  readonly policy: string;
  readonly python?: string;
  readonly keep?: boolean;
}

export function demoCommand(program: Command, io: Io, exit: (code: number) => void): void {
  program
    .command("demo")
    .description(
      "train six small models over three emulated regions, and compare with the simulator; minutes",
    )
    .option("--scenario <file>", "scenario with jobs to train", DEMO_SCENARIO)
    .option("--policy <name>", "scheduling policy; the paper's, to show its three stages", "bace")
    .option("--python <path>", "Python with PyTorch, as for `bace up`")
    .option("--keep", "leave the service running at the end")
    .addHelpText(
      "before",
      `Examples:
  bace demo
  bace demo --keep      then: bace queue --state .bace/demo
`,
    )
    .addHelpText(
      "after",
      `
State is kept in .bace/demo and made anew each time. Exit code 0 only if every job finished and its loss fell.`,
    )
    .action(async (options: Options) => exit(await runDemo(options, io)));
}
