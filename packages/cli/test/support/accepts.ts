// Whether the command line takes a command as it is written, without doing it: options, their values, arguments.
import { type Command, CommanderError } from "commander";
import { commandTree } from "../../src/main.ts";
import { recordingIo } from "./recorder.ts";

/** What is wrong with it; undefined where nothing is. @param args without the program's name */
export async function refusalOf(args: readonly string[]): Promise<string | undefined> {
  const { io, recorded } = recordingIo();
  const program = commandTree(io);
  disarm(program);
  try {
    await program.parseAsync(args, { from: "user" });
    return undefined;
  } catch (error) {
    // A group of commands that is called alone shows its help; help that is asked for is no failure.
    if (error instanceof CommanderError && error.exitCode === 0) return undefined;
    return recorded.err || String(error);
  }
}

function disarm(command: Command): void {
  for (const each of command.commands) {
    if (each.commands.length === 0 || each.registeredArguments.length > 0) each.action(() => {});
    disarm(each);
  }
}
