// `bace up`: the service, in the foreground. It can be stopped and started at any time: jobs go on without it. Several of
// them on one PostgreSQL: one is active, the others stand by.
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { DEFAULT_POLICY, POLICIES } from "@bace-pipe/core";
import { type Diagnostic, parseFeeds } from "@bace-pipe/core/spec";
import type { FeedsFile, Service, ServiceOptions, Turn } from "@bace-pipe/server";
import { type Command, InvalidArgumentError } from "commander";
import { badFile, badInput, EXIT, Failure } from "../failure.ts";
import { type NamedText, readNamed } from "../files.ts";
import { warningText } from "../import/taken.ts";
import type { Io } from "../io.ts";
import { DASHBOARD, WORKER } from "../places.ts";
import { secondsOption } from "../seconds.ts";
import { databaseOption, databaseUrl } from "../service/database.ts";
import { readTokenFile, stateFolder, stateOption } from "../service/discovery.ts";
import { workerPython } from "../service/python.ts";
import { lookUp } from "../settings/lookup.ts";
import { scenarioOf } from "../simulation/run.ts";

interface Options {
  readonly state?: string;
  readonly fleet?: string;
  readonly host?: string;
  readonly port?: number;
  readonly policy?: string;
  readonly python?: string;
  readonly database?: string;
  readonly advertise?: string;
  readonly keep?: number;
  readonly open?: boolean;
  readonly inputs?: string;
  readonly feeds?: string;
  readonly watch?: boolean;
}

export function upCommand(program: Command, io: Io): void {
  program
    .command("up")
    .description("start the service in the foreground; Ctrl-C stops it and leaves jobs running")
    .addOption(stateOption())
    .option(
      "--fleet <scenario>",
      "scenario file whose regions and links are the fleet; needed the first time",
    )
    .option("--port <number>", "port to listen on (default: the one of last time, or any)", port)
    .option(
      "--host <address>",
      "address to listen on, for regions on other machines; whoever has a token may use it (default: 127.0.0.1)",
    )
    .option(
      "--policy <name>",
      `scheduling policy (default: ${DEFAULT_POLICY}): ${Object.keys(POLICIES).join(", ")}`,
    )
    .option(
      "--python <path>",
      "Python with PyTorch (BACE_PYTHON, default: the one that setup found, or python3)",
    )
    .addOption(databaseOption())
    .option("--open", "let every program of this machine in without a token; not with another --host")
    .option(
      "--advertise <url>",
      "what ranks are told, where one address leads to whichever instance is active (default: where it listens)",
    )
    .option(
      "--keep <time>",
      "delete events of jobs that ended longer ago, such as 90d or 36h (default: keep everything)",
      secondsOption,
    )
    .option(
      "--inputs <file>",
      "prices, carbon, links and capacity as they are now; read again when it changes",
    )
    .option(
      "--feeds <file>",
      "sources that the service asks for prices, carbon, links and power by itself; read again when it changes",
    )
    .option("--watch", "load the file of --fleet again when it changes")
    .addHelpText(
      "before",
      `Examples:
  bace up --fleet scenarios/demo-three-regions.yaml
  bace up                                             come back to the service of this folder's .bace
  bace up --state /var/lib/bace --port 7420 --policy cr-lcf --fleet fleet.yaml
`,
    )
    .addHelpText(
      "after",
      `
With --database several instances may share a state folder: one is active, the others stand by and take over. Each needs
a --port of its own, and all the same --advertise. A password is better kept in PGPASSWORD or ~/.pgpass than in the URL.`,
    )
    .action((options: Options) => up(options, io));
}

async function up(options: Options, io: Io): Promise<void> {
  const folder = stateFolder(options, io);
  const scenario = options.fleet === undefined ? undefined : await readNamed(options.fleet, io);
  const feeds = options.feeds === undefined ? {} : { feeds: feedsOf(await readNamed(options.feeds, io), io) };
  const say = (line: string) => io.err.write(`${line}\n`);
  const files = scenario ? filesFor(scenario, io) : {};
  let interrupt = () => {};
  const interrupted = new Promise<void>((done) => {
    interrupt = done;
  });
  const stopListening = io.onInterrupt(interrupt);
  say(
    databaseUrl(options, io) !== undefined || existsSync(join(folder, "db"))
      ? `opening ${folder}`
      : `making a database in ${folder}: takes some seconds`,
  );
  let isStarted = false;
  const onTurn = (turn: Turn) => {
    if (turn.kind === "standing-by") say(`standing by: ${turn.why}`);
    else if (isStarted) say("this instance is the active one now");
  };
  const asked = serviceOptions(options, folder, scenario, io, files);
  const service = await start({ ...asked, ...feeds, onTurn }, scenario);
  isStarted = true;
  io.out.write(`${service.url}\n`);
  say(
    `the service runs; its log is ${join(folder, "logs/service.log")}. Ctrl-C stops it and leaves jobs running.`,
  );
  say(dashboardText(service.url, folder, options, io));
  await interrupted;
  stopListening();
  say("stopping the service …");
  await service.close();
  say(`stopped. Jobs that run go on without it; \`bace up --state ${folder}\` comes back to them.`);
}

function feedsOf({ directory, file, text }: NamedText, io: Io): FeedsFile {
  const parsed = parseFeeds(text, file);
  if (!parsed.ok) throw badFile(file, text, parsed.diagnostics);
  const source = file === "<stdin>" ? {} : { source: { path: resolve(io.folder, file), text } };
  return { config: parsed.value, directory, ...source };
}

/** With its token on a terminal alone: elsewhere this is kept in a file that others may read. */
function dashboardText(url: string, folder: string, { open }: Options, io: Io): string {
  if (open) return `dashboard: ${url}; whoever is on this machine needs no token`;
  const token = io.err.isTerminal ? readTokenFile(folder, "dashboard") : undefined;
  if (token !== undefined) return `dashboard: ${url}/#token=${token}`;
  return `dashboard: ${url}, with the token in ${join(folder, "dashboard.token")}`;
}

function serviceOptions(
  options: Options,
  stateDirectory: string,
  scenario: NamedText | undefined,
  io: Io,
  files: Readonly<Record<string, string>>,
): ServiceOptions {
  const { advertise, host, inputs, keep, open, port: number, python, watch } = options;
  const policy = options.policy ?? lookUp("policy", io)?.value;
  if (watch && (options.fleet === undefined || options.fleet === "-"))
    throw badInput("no-fleet-file", "--watch has no file to look at", "name it with --fleet");
  const database = databaseUrl(options, io);
  return {
    stateDirectory,
    python: workerPython(python, io),
    workerDirectory: WORKER,
    dashboardDirectory: DASHBOARD,
    ...(scenario ? { scenario: { file: scenario.file, text: scenario.text, files } } : {}),
    ...(inputs === undefined ? {} : { inputsFile: resolve(io.folder, inputs) }),
    ...(watch ? { watchedScenario: resolve(io.folder, options.fleet!) } : {}),
    ...(policy === undefined ? {} : { policy }),
    ...(host === undefined ? {} : { host }),
    ...(number === undefined ? {} : { port: number }),
    ...(database === undefined ? {} : { database }),
    ...(advertise === undefined ? {} : { advertise }),
    ...(keep === undefined ? {} : { keepSeconds: keep }),
    ...(open === undefined ? {} : { open }),
  };
}

/** Texts of the files that a scenario names. Says what a service cannot do with it. */
function filesFor(source: NamedText, io: Io): Readonly<Record<string, string>> {
  const { files, simulationOnly, warnings } = scenarioOf(source, { purpose: "service" });
  for (const warning of warnings) io.err.write(warningText(warning, io));
  if (simulationOnly.length > 0) {
    const title = io.err.colors.yellow("warning[simulation-only]");
    const fields = simulationOnly.join(", ");
    io.err.write(`${title}: ${source.file}: only a simulation can do ${fields}: the service ignores that\n`);
  }
  return Object.fromEntries(files.map(({ path, text }) => [path, text]));
}

/** What is wrong is not in what the user wrote. */
const OTHERS_FAULT: ReadonlySet<string> = new Set([
  ...["state-in-use", "port-in-use", "port-kept", "host-kept", "no-such-host", "database-unreachable"],
]);

async function start(options: ServiceOptions, scenario: NamedText | undefined): Promise<Service> {
  const { StartError, startService } = await import("@bace-pipe/server");
  try {
    return await startService(options);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    const diagnostics: readonly Diagnostic[] = error.diagnostics;
    if (scenario && diagnostics.length > 0) throw badFile(scenario.file, scenario.text, diagnostics);
    const exitCode = OTHERS_FAULT.has(error.code) ? EXIT.failed : EXIT.badInput;
    const hint = error.code === "no-scenario" ? { hint: "name one: bace up --fleet SCENARIO.yaml" } : {};
    throw new Failure(error.message, { exitCode, code: error.code, ...hint });
  }
}

function port(text: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < 1 || number > 65_535)
    throw new InvalidArgumentError("Give a number from 1 to 65535.");
  return number;
}
