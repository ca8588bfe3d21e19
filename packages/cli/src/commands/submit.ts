// `bace submit FILE...`: hands job files to the service. Doing it twice is the same as doing it once.
import type { Submitted } from "@bace-pipe/server";
import type { Command } from "commander";
import type { Io } from "../io.ts";
import { type Format, outputOption, rendered } from "../render/output.ts";
import { withService } from "../service/connect.ts";
import { addWhere, type Where } from "../service/discovery.ts";
import { readJobFile } from "../service/job-files.ts";

interface Options extends Where {
  readonly output: Format;
}

export function submitCommand(program: Command, io: Io): void {
  addWhere(program.command("submit"))
    .description("submit jobs: all jobs of a file, or none of it if one is wrong")
    .argument("<file...>", "job files (YAML or JSON): one job, or a list `jobs:`; - for standard input")
    .addOption(outputOption())
    .addHelpText(
      "after",
      "\nExamples:\n  bace submit job.yaml\n  bace submit night/*.yaml\n  generate-jobs | bace submit -",
    )
    .action(async (names: string[], options: Options) => {
      const sources = await Promise.all(names.map((name) => readJobFile(name, io)));
      const replies: Submitted[] = [];
      for (const source of sources)
        replies.push(await withService(options, io, (client) => client.submit(source), source));
      const all: Submitted = {
        jobIds: replies.flatMap(({ jobIds }) => jobIds),
        existing: replies.flatMap(({ existing }) => existing),
      };
      io.out.write(rendered(options.output, all, () => submittedText(all)));
    });
}

function submittedText({ existing, jobIds }: Submitted): string {
  const lines = [
    ...jobIds.map((id) => `${id}: submitted`),
    ...existing.map((id) => `${id}: was there already, nothing changed`),
  ];
  return lines.map((line) => `${line}\n`).join("");
}
