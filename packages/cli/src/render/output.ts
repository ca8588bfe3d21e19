// `-o table|wide|json|yaml`, the same for everything that reads. JSON and YAML are the value itself, in the API's shape.
import { Option } from "commander";
import { stringify } from "yaml";

const FORMATS = ["table", "wide", "json", "yaml"] as const;
export type Format = (typeof FORMATS)[number];

export function outputOption(): Option {
  return new Option("-o, --output <format>", "how to print").choices(FORMATS).default("table");
}

/** `draw` makes the table; only asked for where a table is wanted. */
export function rendered(format: Format, value: unknown, draw: (wide: boolean) => string): string {
  switch (format) {
    case "json":
      return `${JSON.stringify(value, null, 2)}\n`;
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
