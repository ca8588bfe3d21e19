// `bace logs JOB`: what the job's ranks have written, once or until the job has ended.
import { setTimeout as sleep } from "node:timers/promises";
import type { JobLogs } from "@bace-pipe/server";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { Failure } from "../failure.ts";
import type { Io } from "../io.ts";
import { logGaps, logLines } from "../render/log-lines.ts";
import { type Format, isTable, outputOption, rendered } from "../render/output.ts";
import { isPassing, withService } from "../service/connect.ts";
import { addWhere, type Where } from "../service/discovery.ts";
import { knownJob } from "../service/job-names.ts";

const ASK_AGAIN_SECONDS = 1;
/** Of each region, where so many lines are asked for that nobody knows how long they are. */
const MOST_BYTES = 2 ** 20;

interface Options extends Where {
  readonly follow?: boolean;
  readonly region?: string;
  readonly epoch?: number;
  readonly tail?: number;
  readonly output: Format;
}

export function logsCommand(program: Command, io: Io): void {
  addWhere(program.command("logs"))
    .description("show what the ranks of a job have written")
    .argument("<job>", "name of the job")
    .option("-f, --follow", "go on with what is new until the job has ended, or Ctrl-C")
    .option("--region <region>", "of this region alone")
    .addOption(
      new Option("--epoch <number>", "of this attempt to run it (default: the newest)").argParser(whole),
    )
    .addOption(
      new Option(
        "--tail <lines>",
        "of each rank, the last lines (default: the last 64 KiB of each region)",
      ).argParser(whole),
    )
    .addOption(outputOption())
    .addHelpText(
      "before",
      `Examples:
  bace logs english-prose
  bace logs english-prose -f --tail 5
  bace logs english-prose --region frankfurt --epoch 1
`,
    )
    .action((id: string, options: Options) => (options.follow ? follow : once)(id, options, io));
}

async function once(id: string, options: Options, io: Io): Promise<void> {
  const { epoch, output, region, tail } = options;
  const bytes = tail === undefined ? undefined : MOST_BYTES;
  const logs = await ask(id, options, io, { epoch, region, bytes });
  const gaps = missing(tail === undefined ? logs : { ...logs, regions: silent(logs.regions) });
  if (gaps !== "") io.err.write(`${gaps}\n`);
  io.out.write(rendered(output, logs, () => logLines(logs, io.out.colors, tail)));
}

async function follow(id: string, options: Options, io: Io): Promise<void> {
  const stop = new AbortController();
  const stopListening = io.onInterrupt(() => stop.abort());
  const interrupted = new Promise<undefined>((resolve) => {
    stop.signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
  const tell = teller(io);
  let isFirst = true;
  /** Undefined while the service is away. */
  let logs: JobLogs | undefined;
  let { epoch } = options;
  try {
    for (;;) {
      const asked = askAgain(id, options, io, epoch, logs, isFirst, tell);
      asked.catch(() => {}); // after Ctrl-C nobody waits for it any more
      const answer: JobLogs | "away" | undefined = await Promise.race([asked, interrupted]);
      if (answer === undefined) return tell(`${id} goes on; \`bace logs ${id} -f\` follows it again`);
      if (answer !== "away") {
        write(answer, options.output, io, isFirst ? options.tail : undefined);
        tell(missing(answer));
        isFirst = false;
        if (isComplete(answer, options)) return;
        logs = answer;
        // What this epoch has written is all there: the next one begins with nothing.
        if (answer.isOver && answer.epochs > answer.epoch!) {
          [epoch, logs] = [answer.epoch! + 1, undefined];
          continue;
        }
      }
      await sleep(ASK_AGAIN_SECONDS * 1000, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  } finally {
    stopListening();
  }
}

/** What is new since the last answer; `away` where the service will be back. */
async function askAgain(
  id: string,
  options: Options,
  io: Io,
  epoch: number | undefined,
  last: JobLogs | undefined,
  isFirst: boolean,
  tell: (line: string) => void,
): Promise<JobLogs | "away"> {
  const bytes = isFirst && options.tail === undefined ? undefined : MOST_BYTES;
  try {
    return await ask(id, options, io, { epoch, region: options.region, bytes, after: last?.next });
  } catch (error) {
    if (isFirst || !isPassing(error)) throw error;
    tell(`${(error as Failure).message}; asking again`);
    return "away";
  }
}

function isComplete({ epoch, epochs, isOver, phase }: JobLogs, options: Options): boolean {
  if (options.epoch !== undefined) return isOver;
  // Whole epochs may have come and gone since the last answer.
  return phase === "ended" && (epoch === null || (isOver && epoch === epochs));
}

/** Writes a line on standard error, unless it is the one that was told last. */
function teller(io: Io): (line: string) => void {
  let told = "";
  return (line) => {
    if (line !== told && line !== "") io.err.write(`${line}\n`);
    told = line;
  };
}

type Query = Parameters<Parameters<Parameters<typeof withService>[2]>[0]["logs"]>[1];

function ask(id: string, options: Options, io: Io, query: Query): Promise<JobLogs> {
  return withService(options, io, (client) => knownJob(client, id, () => client.logs(id, query)));
}

function write(logs: JobLogs, output: Format, io: Io, tail: number | undefined): void {
  if (isTable(output)) {
    io.out.write(logLines(logs, io.out.colors, tail));
    return;
  }
  if (logs.regions.every(({ files }) => files.every(({ text }) => text === ""))) return;
  // One answer after the other: a line each, or a document.
  if (output === "json") io.out.write(`${JSON.stringify(logs)}\n`);
  else io.out.write(`---\n${rendered(output, logs, () => "")}`);
}

/** What of an answer is not there, and why. */
function missing(logs: JobLogs): string {
  const { epoch, jobId, phase } = logs;
  if (epoch === null) return `${jobId} is ${phase}, and was never placed: it has no logs`;
  return logGaps(logs).join("\n");
}

/** Who asks for some lines knows that there are others. */
function silent(regions: JobLogs["regions"]): JobLogs["regions"] {
  return regions.map((region) => ({ ...region, files: [] }));
}

function whole(text: string): number {
  if (!/^\d{1,9}$/.test(text) || Number(text) === 0)
    throw new InvalidArgumentError("give a whole number from 1");
  return Number(text);
}
