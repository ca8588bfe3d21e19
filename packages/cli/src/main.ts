// The command line of BACE-Pipe: wiring only. A new command is one file in commands/ and one line here.
import { Command, CommanderError } from "commander";
import { backupCommand } from "./commands/backup.ts";
import { bandwidthCommand } from "./commands/bandwidth.ts";
import { calibrateCommand } from "./commands/calibrate.ts";
import { cancelCommand } from "./commands/cancel.ts";
import { checkCommand } from "./commands/check.ts";
import { completionCommand } from "./commands/completion.ts";
import { configCommand } from "./commands/config.ts";
import { dashboardCommand } from "./commands/dashboard.ts";
import { demoCommand } from "./commands/demo.ts";
import { downCommand } from "./commands/down.ts";
import { experimentCommand } from "./commands/experiment.ts";
import { explainCommand } from "./commands/explain.ts";
import { holdCommands } from "./commands/hold.ts";
import { importCommand } from "./commands/import.ts";
import { inputsCommand } from "./commands/inputs.ts";
import { logsCommand } from "./commands/logs.ts";
import { planCommand, planFailureExit } from "./commands/plan.ts";
import { profileCommand } from "./commands/profile.ts";
import { queueCommand } from "./commands/queue.ts";
import { regionVerbCommands } from "./commands/region.ts";
import { regionsCommand } from "./commands/regions.ts";
import { replayCommand } from "./commands/replay.ts";
import { reportCommand } from "./commands/report.ts";
import { restoreCommand } from "./commands/restore.ts";
import { scheduleCommand } from "./commands/schedule.ts";
import { simulateCommand } from "./commands/simulate.ts";
import { statusCommand } from "./commands/status.ts";
import { submitCommand } from "./commands/submit.ts";
import { tokenCommand } from "./commands/token.ts";
import { tuneCommand } from "./commands/tune.ts";
import { upCommand } from "./commands/up.ts";
import { waitCommand } from "./commands/wait.ts";
import { EXIT, Failure } from "./failure.ts";
import type { Io } from "./io.ts";
import { failureText } from "./render/failure.ts";
import { takeFormat } from "./render/output.ts";
import { VERSION } from "./version.ts";

const COMMANDS: readonly ((program: Command, io: Io, exit: (code: number) => void) => void)[] = [
  demoCommand,
  upCommand,
  downCommand,
  checkCommand,
  submitCommand,
  statusCommand,
  queueCommand,
  waitCommand,
  explainCommand,
  logsCommand,
  cancelCommand,
  planCommand,
  simulateCommand,
  experimentCommand,
  dashboardCommand,
  regionsCommand,
  reportCommand,
  regionVerbCommands,
  holdCommands,
  inputsCommand,
  importCommand,
  profileCommand,
  calibrateCommand,
  scheduleCommand,
  bandwidthCommand,
  tuneCommand,
  tokenCommand,
  configCommand,
  completionCommand,
  backupCommand,
  restoreCommand,
  replayCommand,
];

/** Runs one command and returns its exit code: 0 done, 1 failed, 2 bad input, 3 no service. Never throws. */
export async function main(args: readonly string[], io: Io): Promise<number> {
  let exitCode: number = EXIT.ok;
  const program = commandTree(io, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    const code = toldOf(error, io);
    return args[0] === "plan" ? planFailureExit(code) : code;
  }
}

/** All commands, none of which has run. */
export function commandTree(io: Io, exit: (code: number) => void = () => {}): Command {
  const program = new Command("bace")
    .description(
      "Trains large models as pipelines over GPU clusters in several regions, and decides which, where and when.",
    )
    .version(VERSION)
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out.write(text),
      writeErr: (text) => io.err.write(text),
      getOutHasColors: () => io.out.colors.isColorSupported,
      getErrHasColors: () => io.err.colors.isColorSupported,
    })
    .addHelpText(
      "before",
      `Examples:
  bace demo                                          train six small models over three emulated regions
  bace simulate scenarios/paper-six-regions.yaml     compare scheduling policies
  bace up --fleet scenarios/demo-three-regions.yaml  start the service
`,
    )
    .addHelpText("after", "\nExit codes: 0 done, 1 failed, 2 bad input, 3 no service to talk to.");
  program.hook("preAction", (_, command) => takeFormat(command, io));
  for (const register of COMMANDS) register(program, io, exit);
  return program;
}

/** Says what went wrong, where that has not been said; returns the exit code. */
function toldOf(error: unknown, io: Io): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.badInput;
  if (error instanceof Failure) {
    io.err.write(failureText(error, io.err.colors));
    return error.details.exitCode;
  }
  io.err.write(`error[internal]: ${error instanceof Error ? error.stack : String(error)}\n`);
  return EXIT.failed;
}
