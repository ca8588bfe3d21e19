// `bace regions`: capacity at a glance.
import type { Command } from "commander";
import type { Io } from "../io.ts";
import { type Format, outputOption, rendered } from "../render/output.ts";
import { regionsText } from "../render/regions.ts";
import { withService } from "../service/connect.ts";
import { addWhere, type Where } from "../service/discovery.ts";

interface Options extends Where {
  readonly output: Format;
}

export function regionsCommand(program: Command, io: Io): void {
  addWhere(program.command("regions"))
    .description("list regions: GPUs free of total, price, and how much of each link is reserved")
    .addOption(outputOption())
    .addHelpText(
      "before",
      `Examples:
  bace regions
  bace regions -o yaml
`,
    )
    .action(async (options: Options) => {
      const list = await withService(options, io, (client) => client.regions());
      io.out.write(rendered(options.output, list, (wide) => regionsText(list.regions, io.out.colors, wide)));
    });
}
