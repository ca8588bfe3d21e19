// `bace hold|release JOB...`: keeps jobs from being placed until they are released. One that runs is stopped with a checkpoint.
import type { JobView } from "@bace-pipe/server";
import type { Command } from "commander";
import type { Io } from "../io.ts";
import { type Format, outputOption, rendered } from "../render/output.ts";
import { withService } from "../service/connect.ts";
import { addWhere, type Where } from "../service/discovery.ts";
import { knownJob } from "../service/job-names.ts";

interface Options extends Where {
  readonly output: Format;
}

const VERBS = {
  hold: "keep jobs from being placed until they are released; one that runs is stopped with a checkpoint",
  release: "let held jobs be placed again",
} as const;

export function holdCommands(program: Command, io: Io): void {
  for (const [verb, description] of Object.entries(VERBS) as [keyof typeof VERBS, string][]) {
    addWhere(program.command(verb))
      .description(description)
      .argument("<job...>", "names of the jobs")
      .addOption(outputOption())
      .addHelpText(
        "before",
        `Examples:
  bace ${verb} english-prose
  bace ${verb} english-prose long-lines
`,
      )
      .action(async (ids: string[], options: Options) => {
        const jobs: JobView[] = [];
        for (const id of ids)
          jobs.push(await withService(options, io, (client) => knownJob(client, id, () => client[verb](id))));
        io.out.write(rendered(options.output, { jobs }, () => jobs.map(nowText).join("")));
      });
  }
}

function nowText({ held, id, outcome, phase }: JobView): string {
  return `${id}: ${held ? "held, " : ""}${outcome ?? phase} now\n`;
}
