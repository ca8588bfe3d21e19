// What can stand where on a command line, as a flat list that a shell can look through.
import type { Command, Option } from "commander";

/** What a value is: one of given words, a live name, or a file. */
export type Values = readonly string[] | "jobs" | "regions" | "files";

export interface Place {
  /** Of commands, such as ["token", "create"]. */
  readonly path: readonly string[];
  readonly about: string;
  readonly commands: readonly string[];
  readonly options: readonly OptionWords[];
  /** Of arguments. */
  readonly values: Values;
}

export interface OptionWords {
  readonly long: string;
  readonly short?: string;
  readonly about: string;
  /** undefined: it takes none. */
  readonly values?: Values;
}

export function placesOf(command: Command, path: readonly string[] = []): readonly Place[] {
  const children = command.commands.filter((each) => !each.name().startsWith("__"));
  const place: Place = {
    path,
    about: command.description(),
    commands: children.map((each) => each.name()),
    options: command.options.filter(({ hidden }) => !hidden).map(wordsOf),
    values: valuesOf(
      command.registeredArguments[0]?.name() ?? "",
      command.registeredArguments[0]?.argChoices,
    ),
  };
  return [place, ...children.flatMap((each) => placesOf(each, [...path, each.name()]))];
}

function wordsOf(option: Option): OptionWords {
  const { argChoices, description, long, short } = option;
  const takesValue = option.required || option.optional;
  return {
    long: long!,
    ...(short ? { short } : {}),
    about: description,
    ...(takesValue ? { values: valuesOf(option.attributeName(), argChoices) } : {}),
  };
}

function valuesOf(name: string, choices: readonly string[] | undefined): Values {
  if (choices) return choices;
  if (name === "job") return "jobs";
  return name === "region" ? "regions" : "files";
}
