// `bace regions`: capacity at a glance.
import type { Command } from "commander";
import type { Io } from "../io.ts";
import { type Format, outputOption, rendered } from "../render/output.ts";
import { regionsText } from "../render/regions.ts";
import { withService } from "../service/connect.ts";
import { addWhere, type Where } from "../service/discovery.ts";
import { shown, watchOption } from "../service/watch.ts";

interface Options extends Where {
  readonly watch?: boolean;
  readonly output: Format;
}

export function regionsCommand(program: Command, io: Io): void {
  addWhere(program.command("regions"))
    .description("list regions: GPUs free of total, price, and how much of each link is reserved")
    .addOption(watchOption())
    .addOption(outputOption())
    .addHelpText(
      "before",
      `Examples:
  bace regions
  bace regions -o yaml
`,
    )
    .action((options: Options) => shown("regions", options, io, () => read(options, io)));
}

async function read(options: Options, io: Io): Promise<string> {
  const list = await withService(options, io, (client) => client.regions());
  return rendered(options.output, list, (wide) => regionsText(list.regions, io.out.colors, wide));
}
