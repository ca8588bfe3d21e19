// `bace completion bash|zsh|fish`: what a shell reads to complete commands, options, and live names of jobs and regions.
import { Argument, type Command } from "commander";
import { bashScript, zshScript } from "../completion/bash.ts";
import { fishScript } from "../completion/fish.ts";
import { printNames } from "../completion/names.ts";
import { placesOf } from "../completion/words.ts";
import type { Io } from "../io.ts";

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

export function completionCommand(program: Command, io: Io): void {
  program
    .command("completion")
    .description("print what a shell needs to complete commands, options, and names of jobs and regions")
    .addArgument(new Argument("<shell>", "which").choices(Object.keys(SCRIPTS)))
    .addHelpText(
      "before",
      `Examples:
  eval "$(bace completion bash)"                 in ~/.bashrc
  eval "$(bace completion zsh)"                  in ~/.zshrc
  bace completion fish | source                  in ~/.config/fish/config.fish
`,
    )
    .action((shell: keyof typeof SCRIPTS) => io.out.write(SCRIPTS[shell](placesOf(program))));
  program
    .command("__complete", { hidden: true })
    .argument("[kind]")
    .action((kind: string | undefined) => printNames(kind, io));
}
