// `bace up`: the service, in the foreground. It can be stopped and started at any time: jobs go on without it.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DEFAULT_POLICY, POLICIES } from "@bace-pipe/core";
import type { Diagnostic } from "@bace-pipe/core/spec";
import type { Service, ServiceOptions } from "@bace-pipe/server";
import { type Command, InvalidArgumentError } from "commander";
import { badFile, EXIT, Failure } from "../failure.ts";
import { type NamedText, readNamed } from "../files.ts";
import { warningText } from "../import/taken.ts";
import type { Io } from "../io.ts";
import { stateFolder, stateOption } from "../service/discovery.ts";
import { workerPython } from "../service/python.ts";
import { scenarioOf } from "../simulation/run.ts";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));

interface Options {
  readonly state?: string;
  readonly fleet?: string;
  readonly host?: string;
  readonly port?: number;
  readonly policy?: string;
  readonly python?: string;
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
      "address to listen on, for regions on other machines: whoever reaches it may submit jobs (default: 127.0.0.1)",
    )
    .option(
      "--policy <name>",
      `scheduling policy (default: ${DEFAULT_POLICY}): ${Object.keys(POLICIES).join(", ")}`,
    )
    .option(
      "--python <path>",
      "Python with PyTorch (BACE_PYTHON, default: the one that setup found, or python3)",
    )
    .addHelpText(
      "after",
      `
Examples:
  bace up --fleet scenarios/demo-three-regions.yaml
  bace up                                             come back to the service of this folder's .bace
  bace up --state /var/lib/bace --port 7420 --policy cr-lcf --fleet fleet.yaml`,
    )
    .action((options: Options) => up(options, io));
}

async function up(options: Options, io: Io): Promise<void> {
  const folder = stateFolder(options, io);
  const scenario = options.fleet === undefined ? undefined : await readNamed(options.fleet, io);
  const say = (line: string) => io.err.write(`${line}\n`);
  const files = scenario ? filesFor(scenario, io) : {};
  let interrupt = () => {};
  const interrupted = new Promise<void>((done) => {
    interrupt = done;
  });
  const stopListening = io.onInterrupt(interrupt);
  say(
    existsSync(join(folder, "db"))
      ? `opening ${folder}`
      : `making a database in ${folder}: takes some seconds`,
  );
  const service = await start(serviceOptions(options, folder, scenario, io, files), scenario);
  io.out.write(`${service.url}\n`);
  say(
    `the service runs; its log is ${join(folder, "logs/service.log")}. Ctrl-C stops it and leaves jobs running.`,
  );
  try {
    await Promise.race([interrupted, service.failed]);
  } catch (error) {
    throw new Failure(`the service cannot go on: ${(error as Error).message}`, {
      exitCode: EXIT.failed,
      code: "service-failed",
      hint: `see ${join(folder, "logs/service.log")}; \`bace up --state ${folder}\` starts it again`,
    });
  } finally {
    stopListening();
  }
  say("stopping the service …");
  await service.close();
  say(`stopped. Jobs that run go on without it; \`bace up --state ${folder}\` comes back to them.`);
}

function serviceOptions(
  { host, policy, port: number, python }: Options,
  stateDirectory: string,
  scenario: NamedText | undefined,
  io: Io,
  files: Readonly<Record<string, string>>,
): ServiceOptions {
  return {
    stateDirectory,
    python: workerPython(python, io),
    workerDirectory: join(ROOT, "worker"),
    dashboardDirectory: join(ROOT, "packages/web/dist"),
    ...(scenario ? { scenario: { file: scenario.file, text: scenario.text, files } } : {}),
    ...(policy === undefined ? {} : { policy }),
    ...(host === undefined ? {} : { host }),
    ...(number === undefined ? {} : { port: number }),
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
  ...["state-in-use", "port-in-use", "port-kept", "host-kept", "no-such-host"],
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
