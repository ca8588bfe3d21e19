// `bace status`: the service on one screen.
import type { Command } from "commander";
import type { Io } from "../io.ts";
import { type Format, outputOption, rendered } from "../render/output.ts";
import { countsOf, statusText } from "../render/status.ts";
import { withService } from "../service/connect.ts";
import { addWhere, serviceUrl, type Where } from "../service/discovery.ts";
import { shown, watchOption } from "../service/watch.ts";

interface Options extends Where {
  readonly watch?: boolean;
  readonly output: Format;
}

export function statusCommand(program: Command, io: Io): void {
  addWhere(program.command("status"))
    .description("the service on one screen: GPUs free, what runs, and what will not go on by itself")
    .addOption(watchOption())
    .addOption(outputOption())
    .addHelpText("before", "Examples:\n  bace status\n  bace status --watch\n  bace status -o json\n")
    .action((options: Options) => shown("status", options, io, () => read(options, io)));
}

async function read(options: Options, io: Io): Promise<string> {
  const [about, { jobs }, { regions }] = await withService(options, io, (client) =>
    Promise.all([client.service(), client.jobs(), client.regions()]),
  );
  const service = { url: serviceUrl(options, io), ...about };
  const value = { service, jobs: countsOf(jobs), regions };
  return rendered(options.output, value, (wide) =>
    statusText({ service, jobs, regions }, io.out.colors, wide),
  );
}
