// `-o table|wide|json|yaml`, the same for everything that reads. JSON and YAML are the value itself, in the API's shape.
import { jsonText } from "@bace-pipe/core/shell";
import { nameHint } from "@bace-pipe/core/spec";
import { type Command, Option } from "commander";
import { stringify } from "yaml";
import { badInput } from "../failure.ts";
import type { Io } from "../io.ts";
import { lookUp } from "../settings/lookup.ts";

const FORMATS = ["table", "wide", "json", "yaml"] as const;
export type Format = (typeof FORMATS)[number];

export function outputOption(): Option {
  return new Option("-o, --output <format>", "how to print").choices(FORMATS).default("table");
}

/** The format that settings say, for a command that has the option and was not given it. Throws `unknown-format`. */
export function takeFormat(command: Command, io: Io): void {
  const option = command.options.find(({ argChoices, long }) => long === "--output" && argChoices);
  const found = option && command.getOptionValueSource("output") === "default" && lookUp("output", io);
  if (!found) return;
  const { place, value } = found;
  if (!FORMATS.some((each) => each === value))
    throw badInput("unknown-format", `${place}: there is no output "${value}"`, nameHint(value, FORMATS));
  command.setOptionValueWithSource("output", value, "config");
}

/** `draw` makes the table; only asked for where a table is wanted. */
export function rendered(format: Format, value: unknown, draw: (wide: boolean) => string): string {
  switch (format) {
    case "json":
      return jsonText(value);
    case "yaml":
      return stringify(value);
    case "table":
    case "wide":
      return draw(format === "wide");
  }
}

export function isTable(format: Format): boolean {
  return format === "table" || format === "wide";
}
