// `bace token create|list|revoke`: who may ask the service for what.
import type { TokenView } from "@bace-pipe/server";
import { type Command, Option } from "commander";
import { confirm, yesOption } from "../confirm.ts";
import type { Io } from "../io.ts";
import { type Format, outputOption, rendered } from "../render/output.ts";
import { type Column, table } from "../render/table.ts";
import { secondsOption } from "../seconds.ts";
import { withService } from "../service/connect.ts";
import { addWhere, type Where } from "../service/discovery.ts";

const SCOPES = ["read", "submit", "operate", "admin"] as const;

type Scope = (typeof SCOPES)[number];

interface Options extends Where {
  readonly output: Format;
}

interface CreateOptions extends Options {
  readonly scope: readonly Scope[];
  readonly tenant?: string;
  readonly expires?: number;
}

export function tokenCommand(program: Command, io: Io): void {
  const token = program
    .command("token")
    .description("make, list and take back tokens: who may ask the service for what")
    .addHelpText(
      "before",
      `Examples:
  bace token create ci --scope read --scope submit --expires 30d
  bace token create team-a --scope read --scope submit --tenant team-a
  bace token revoke 0123456789ab
`,
    )
    .addHelpText(
      "after",
      `
Scopes: read (look), submit (submit and cancel jobs), operate (regions, holds, prices), admin (everything).`,
    );
  addWhere(token.command("create"))
    .description("make a token and print it, this once")
    .argument("<name>", "whose it is")
    .addOption(new Option("--scope <scope...>", "what it may do").choices(SCOPES).makeOptionMandatory())
    .option("--tenant <name>", "sees and touches this tenant's jobs alone")
    .option(
      "--expires <time>",
      "for how long it is good, such as 30d or 12h (default: until it is revoked)",
      secondsOption,
    )
    .addOption(outputOption())
    .addHelpText(
      "before",
      `Examples:
  bace token create ci --scope read --scope submit --expires 30d
  bace token create team-a --scope read --scope submit --tenant team-a
`,
    )
    .action((name: string, options: CreateOptions) => create(name, options, io));
  addWhere(token.command("list"))
    .description("list tokens, also those that are no longer good")
    .addOption(outputOption())
    .addHelpText("before", "Examples:\n  bace token list\n  bace token list -o wide\n")
    .action(async (options: Options) => {
      const list = await withService(options, io, (client) => client.tokens());
      io.out.write(
        rendered(options.output, list, (wide) =>
          table(COLUMNS, list.tokens, { colors: io.out.colors, wide }),
        ),
      );
    });
  addWhere(token.command("revoke"))
    .description("take a token back: it is refused from now on")
    .argument("<id>", "as `bace token list` shows it")
    .addOption(outputOption())
    .addHelpText(
      "before",
      "Examples:\n  bace token revoke 0123456789ab\n  bace token revoke 0123456789ab -o json\n",
    )
    .addOption(yesOption())
    .action(async (id: string, options: Options & { readonly yes?: boolean }) => {
      const question = `Revoke token ${id}? Whoever uses it is refused at once, and it cannot be undone.`;
      await confirm({ question, yes: options.yes, isNamed: true }, io);
      const revoked = await withService(options, io, (client) => client.revokeToken(id));
      io.out.write(rendered(options.output, revoked, () => `${revoked.id} (${revoked.name}): revoked\n`));
    });
}

async function create(name: string, { output, ...options }: CreateOptions, io: Io): Promise<void> {
  const made = await withService(options, io, (client) =>
    client.createToken({
      ...{ name, scopes: [...options.scope], tenant: options.tenant ?? null },
      expiresInSeconds: options.expires ?? null,
    }),
  );
  io.out.write(rendered(output, made, () => `${made.text}\n`));
  io.err.write("keep it: it is not told again. BACE_TOKEN or --token takes it.\n");
}

const time = (seconds: number | null): string =>
  seconds === null ? "" : new Date(seconds * 1000).toISOString().slice(0, 16).replace("T", " ");

const COLUMNS: readonly Column<TokenView>[] = [
  { heading: "ID", cell: ({ id }) => id },
  { heading: "NAME", cell: ({ name }) => name },
  { heading: "SCOPES", cell: ({ scopes }) => scopes.join(",") },
  { heading: "TENANT", cell: ({ tenant }) => tenant ?? "all" },
  { heading: "USED", cell: ({ usedSeconds }) => time(usedSeconds) },
  { heading: "STATE", cell: stateText },
  { heading: "CREATED", wide: true, cell: ({ createdSeconds }) => time(createdSeconds) },
];

function stateText({ expiresSeconds, revokedSeconds }: TokenView): string {
  if (revokedSeconds !== null) return "revoked";
  return expiresSeconds === null ? "good" : `until ${time(expiresSeconds)} UTC`;
}
