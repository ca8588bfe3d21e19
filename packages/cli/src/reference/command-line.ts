// The command line as a page: every command, from the tree that it is parsed by.
import type { Command } from "commander";
import pc from "picocolors";
import type { Io, Stream } from "../io.ts";
import { commandTree } from "../main.ts";
import { ROOT } from "../places.ts";
import { code, page, table } from "./markdown.ts";

export function commandLinePage(): string {
  const program = commandTree(unheard());
  const about =
    "Every command, with the options and examples of its own `--help`. Exit codes are 0 done, 1 failed, 2 bad input, 3 no service to talk to and 130 stopped by Ctrl-C, where a command does not say otherwise. Settings, variables and files that stand in for options: `bace config view --origin`.";
  const commands = visible(program).flatMap(withThoseBelow);
  const contents = commands.map((each) => `[${nameOf(each)}](#${nameOf(each).replaceAll(" ", "-")})`);
  const body = `${contents.join(" · ")}\n\n${commands.map(section).join("\n\n")}`;
  return page("Command line", about, body.replaceAll(`${ROOT}/`, "")); // files of the program's own
}

function withThoseBelow(command: Command): readonly Command[] {
  return [command, ...visible(command).flatMap(withThoseBelow)];
}

/** Without `help`, and without what completion alone calls. */
function visible(command: Command): readonly Command[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .filter((each) => each.name() !== "help" && command.commands.includes(each));
}

function nameOf(command: Command): string {
  const { parent } = command;
  return parent ? `${nameOf(parent)} ${command.name()}` : command.name();
}

function section(command: Command): string {
  const help = command.createHelp();
  const { after, examples } = wordsAround(command);
  const args = help.visibleArguments(command);
  const options = help.visibleOptions(command).filter(({ long }) => long !== "--help");
  const parts = [
    `## ${nameOf(command)}`,
    `${sentence(command.description())}`,
    `\`\`\`text\n${nameOf(command)} ${command.usage()}\n\`\`\``,
    args.length > 0 &&
      table(
        ["Argument", ""],
        args.map((each) => [code(each.name()), help.argumentDescription(each)]),
      ),
    options.length > 0 &&
      table(
        ["Option", ""],
        options.map((each) => [code(each.flags), help.optionDescription(each)]),
      ),
    examples && `Examples:\n\n\`\`\`text\n${examples}\n\`\`\``,
    after && `\`\`\`text\n${after}\n\`\`\``,
  ];
  return parts.flatMap((part) => (part ? [part.trimEnd()] : [])).join("\n\n");
}

const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

/** What stands in front of a command's help and after it. */
function wordsAround(command: Command): { readonly examples: string; readonly after: string } {
  let all = "";
  command.configureOutput({
    writeOut: (text) => {
      all += text;
    },
  });
  command.outputHelp();
  const [before, after] = all.split(command.helpInformation());
  const examples = before!.replace(/^Examples:\n/, "").replaceAll(/^ {2}/gm, "");
  return { examples: examples.trimEnd(), after: after!.trim() };
}

/** Nothing runs, so nothing is said or asked. */
function unheard(): Io {
  const out: Stream = {
    write: () => {},
    draw: () => {},
    isTerminal: false,
    rows: () => 24,
    columns: () => 80,
    colors: pc.createColors(false),
  };
  return {
    out,
    err: out,
    env: {},
    folder: "",
    readInput: async () => "",
    confirm: async () => undefined,
    onInterrupt: () => () => undefined,
  };
}
