// `bace queue`: the jobs of the service, once or again and again.
import type { Command } from "commander";
import type { Io } from "../io.ts";
import { type Format, isTable, outputOption, rendered } from "../render/output.ts";
import { queueText } from "../render/queue.ts";
import { withService } from "../service/connect.ts";
import { addWhere, type Where } from "../service/discovery.ts";
import { positionsOf } from "../service/positions.ts";
import { shown, watchOption } from "../service/watch.ts";

interface Options extends Where {
  readonly watch?: boolean;
  readonly output: Format;
}

export function queueCommand(program: Command, io: Io): void {
  addWhere(program.command("queue"))
    .description("list jobs: what runs where, what waits in which order, what has ended")
    .addOption(watchOption())
    .addOption(outputOption())
    .addHelpText(
      "before",
      `Examples:
  bace queue
  bace queue --watch
  bace queue -o json
`,
    )
    .action((options: Options) => shown("queue", options, io, () => read(options, io)));
}

function read(options: Options, io: Io): Promise<string> {
  return withService(options, io, async (client) => {
    const list = await client.jobs();
    const positions = isTable(options.output) ? await positionsOf(client, list.jobs) : new Map();
    return rendered(options.output, list, (wide) => queueText(list.jobs, positions, io.out.colors, wide));
  });
}
