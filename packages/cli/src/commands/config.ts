// `bace config view`: settings as commands take them here, and who says so.
import type { Command } from "commander";
import type { Io } from "../io.ts";
import { type Format, outputOption, rendered } from "../render/output.ts";
import { type Column, table } from "../render/table.ts";
import { lookUp } from "../settings/lookup.ts";
import { SETTING_NAMES, settingOf } from "../settings/setting.ts";

interface Row {
  readonly setting: string;
  /** null: what happens then is in `otherwise`. */
  readonly value: string | null;
  readonly origin: "environment" | "project" | "user" | "default";
  readonly place: string | null;
  readonly otherwise: string;
  readonly flag: string;
  readonly variable: string;
}

interface Options {
  readonly origin?: boolean;
  readonly output: Format;
}

export function configCommand(program: Command, io: Io): void {
  const config = program
    .command("config")
    .description("settings that commands take where no flag says otherwise")
    .addHelpText("before", "Examples:\n  bace config view\n  bace config view --origin\n");
  config
    .command("view")
    .description("show settings as they are in this folder")
    .option("--origin", "also say where each comes from")
    .addOption(outputOption())
    .addHelpText("before", "Examples:\n  bace config view --origin\n  bace config view -o json\n")
    .addHelpText(
      "after",
      `
A flag counts before a variable BACE_*, that before bace.yaml of the working folder or one above it, that before
~/.config/bace/config.yaml ($XDG_CONFIG_HOME). Both files have lines such as \`state: .bace\`. A folder's file cannot say
which token, Python or database is meant, nor where a token goes that is not its own; files of other users are passed over.`,
    )
    .action(({ origin = false, output }: Options) => {
      const settings = SETTING_NAMES.map((setting): Row => {
        const { flag, otherwise, variable } = settingOf(setting);
        const found = lookUp(setting, io);
        const said = { value: found?.value ?? null, origin: found?.origin ?? ("default" as const) };
        return { setting, ...said, place: found?.place ?? null, otherwise, flag, variable };
      });
      const hidden = settings.map((row) => ({ ...row, value: withoutPassword(row.value) }));
      io.out.write(
        rendered(output, { settings: hidden }, (wide) =>
          table(columns(origin || wide), hidden, { colors: io.out.colors, wide }),
        ),
      );
    });
}

function columns(origin: boolean): readonly Column<Row>[] {
  return [
    { heading: "SETTING", cell: ({ setting }) => setting },
    { heading: "VALUE", cell: ({ otherwise, value }) => value ?? `(${otherwise})` },
    ...(origin ? [{ heading: "ORIGIN", cell: originText }] : []),
    { heading: "FLAG", wide: true, cell: ({ flag }) => flag },
    { heading: "VARIABLE", wide: true, cell: ({ variable }) => variable },
  ];
}

function originText({ origin, place }: Row): string {
  return place === null ? origin : `${origin}: ${place}`;
}

/** Of an address such as postgres://bace:password@host/bace?password=another, in which any character may stand. */
function withoutPassword(value: string | null): string | null {
  if (value === null) return null;
  return value.replace(/^([a-z][a-z0-9+.-]*:\/\/[^/@:]*):.*@/i, "$1:…@").replace(/(password=)[^&]*/gi, "$1…");
}
