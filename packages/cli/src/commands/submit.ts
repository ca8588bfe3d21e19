// `bace submit FILE...`: hands job files to the service. Doing it twice is the same as doing it once.
import type { Submitted } from "@bace-pipe/server";
import { type Command, InvalidArgumentError } from "commander";
import { badInput } from "../failure.ts";
import type { Io } from "../io.ts";
import { type Format, outputOption, rendered } from "../render/output.ts";
import { withService } from "../service/connect.ts";
import { addWhere, type Where } from "../service/discovery.ts";
import { readJobFile } from "../service/job-files.ts";

interface Options extends Where {
  readonly key?: string;
  readonly ifRevision?: number;
  readonly output: Format;
}

export function submitCommand(program: Command, io: Io): void {
  addWhere(program.command("submit"))
    .description("submit jobs: all jobs of a file, or none of it if one is wrong")
    .argument("<file...>", "job files (YAML or JSON): one job, or a list `jobs:`; - for standard input")
    .option("--key <text>", "of your choice: the same file with the same key is submitted once, for a day")
    .option("--if-revision <number>", "only if nothing has moved since the plan that printed it", revision)
    .addOption(outputOption())
    .addHelpText(
      "before",
      `Examples:
  bace submit job.yaml
  bace submit night/*.yaml
  bace submit job.yaml --if-revision 1742     as planned by \`bace plan job.yaml\`, or not at all
  generate-jobs | bace submit -
`,
    )
    .action(async (names: string[], options: Options) => {
      const { ifRevision, key } = options;
      if (names.length > 1 && (key !== undefined || ifRevision !== undefined))
        throw badInput(
          "one-file-only",
          "--key and --if-revision are about one file",
          "submit each by itself",
        );
      const how = {
        ...(key === undefined ? {} : { key }),
        ...(ifRevision === undefined ? {} : { ifRevision }),
      };
      const sources = await Promise.all(names.map((name) => readJobFile(name, io)));
      const replies: Submitted[] = [];
      for (const source of sources)
        replies.push(await withService(options, io, (client) => client.submit(source, how), source));
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

function revision(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("Give the number that `bace plan` printed.");
  return Number(text);
}
