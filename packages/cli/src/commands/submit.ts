// `bace submit FILE...`: hands job files to the service. Doing it twice is the same as doing it once.
import type { JobView, Submitted } from "@bace-pipe/server";
import { type Command, InvalidArgumentError } from "commander";
import { badInput, EXIT } from "../failure.ts";
import type { Io } from "../io.ts";
import { type Format, outputOption, rendered } from "../render/output.ts";
import { queueText } from "../render/queue.ts";
import { sayDetached } from "../service/back.ts";
import { withService } from "../service/connect.ts";
import { addWhere, type Where } from "../service/discovery.ts";
import { followJobs } from "../service/follow.ts";
import { readJobFile } from "../service/job-files.ts";
import { addJobFlags, type JobFlags, withFlags } from "../service/job-flags.ts";

interface Options extends Where, JobFlags {
  readonly follow?: boolean;
  readonly key?: string;
  readonly ifRevision?: number;
  readonly output: Format;
}

export function submitCommand(program: Command, io: Io, exit: (code: number) => void): void {
  addJobFlags(addWhere(program.command("submit")))
    .description("submit jobs: all jobs of a file, or none of it if one is wrong")
    .argument("<file...>", "job files (YAML or JSON): one job, or a list `jobs:`; - for standard input")
    .option("--key <text>", "of your choice: the same file with the same key is submitted once, for a day")
    .option("--if-revision <number>", "only if nothing has moved since the plan that printed it", revision)
    .option("-f, --follow", "then wait until they have ended; Ctrl-C leaves them alone")
    .addOption(outputOption())
    .addHelpText(
      "before",
      `Examples:
  bace submit job.yaml
  bace submit night/*.yaml
  bace submit job.yaml --if-revision 1742     as planned by \`bace plan job.yaml\`, or not at all
  bace submit job.yaml --name second --max-gpus 4 --follow
  generate-jobs | bace submit -
`,
    )
    .action((names: string[], options: Options) => submit(names, options, io, exit));
}

async function submit(
  names: readonly string[],
  options: Options,
  io: Io,
  exit: (code: number) => void,
): Promise<void> {
  const { ifRevision, key } = options;
  if (names.length > 1 && [ifRevision, key, options.name].some((each) => each !== undefined))
    throw badInput(
      "one-file-only",
      "--key, --name and --if-revision are about one file",
      "submit each by itself",
    );
  const how = {
    ...(key === undefined ? {} : { key }),
    ...(ifRevision === undefined ? {} : { ifRevision }),
  };
  const sources = await Promise.all(
    names.map(async (name) => withFlags(await readJobFile(name, io), options)),
  );
  const replies: Submitted[] = [];
  for (const source of sources)
    replies.push(await withService(options, io, (client) => client.submit(source, how), source));
  const all: Submitted = {
    jobIds: replies.flatMap(({ jobIds }) => jobIds),
    existing: replies.flatMap(({ existing }) => existing),
  };
  if (!options.follow) {
    io.out.write(rendered(options.output, all, () => submittedText(all)));
    return;
  }
  io.err.write(submittedText(all));
  await follow([...all.jobIds, ...all.existing], options, io, exit);
}

/** Exit code 0 only if all of them have finished. */
async function follow(
  ids: readonly string[],
  options: Options,
  io: Io,
  exit: (code: number) => void,
): Promise<void> {
  const isOver = (seen: readonly JobView[]) =>
    seen.every(({ phase }) => phase === "ended" || phase === "infeasible");
  const { jobs, why } = await followJobs({ ids, isOver }, options, io);
  if (why === "interrupted") {
    sayDetached(`wait ${ids.join(" ")} --for=ended`, options, io);
    exit(EXIT.interrupted);
    return;
  }
  io.out.write(rendered(options.output, { jobs }, (wide) => queueText(jobs, new Map(), io.out.colors, wide)));
  if (jobs.some(({ outcome }) => outcome !== "finished")) exit(EXIT.failed);
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
