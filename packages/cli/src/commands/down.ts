// `bace down`: stops the service of a state folder; jobs go on without it. By the process that the service noted down with
// its start time: what has the address now, perhaps through a tunnel, may be another machine's.
import { setTimeout as sleep } from "node:timers/promises";
import { isAlive } from "@bace-pipe/server/process";
import type { Command } from "commander";
import { confirm, yesOption } from "../confirm.ts";
import { EXIT, Failure } from "../failure.ts";
import type { Io } from "../io.ts";
import { readServiceFile, stateFolder, stateOption, type Where } from "../service/discovery.ts";

const PATIENCE_SECONDS = 30;

interface Options extends Pick<Where, "state"> {
  readonly yes?: boolean;
}

export function downCommand(program: Command, io: Io): void {
  program
    .command("down")
    .description(
      "stop the service of a state folder, on its own machine; jobs go on, and `bace up` adopts them",
    )
    .addOption(stateOption())
    .addOption(yesOption())
    .addHelpText("before", "Examples:\n  bace down\n  bace down --state /var/lib/bace --yes\n")
    .action((options: Options) => down(options, io));
}

async function down({ yes, ...where }: Options, io: Io): Promise<void> {
  const folder = stateFolder(where, io);
  const service = readServiceFile(folder);
  if (!service || !isAlive(service)) {
    io.err.write(`no service of this machine runs in ${folder}\n`);
    return;
  }
  const { pid, url } = service;
  const question = `Stop the service at ${url} (pid ${pid})? Jobs go on without it.`;
  await confirm({ question, yes, isNamed: false }, io);
  stop(pid);
  for (let seconds = 0; isAlive(service); seconds += 0.1) {
    if (seconds > PATIENCE_SECONDS)
      throw new Failure(`the service (pid ${pid}) has not stopped in ${PATIENCE_SECONDS} s`, {
        exitCode: EXIT.failed,
        code: "not-stopped",
        hint: `its log says what it does: ${folder}/logs/service.log`,
      });
    await sleep(100);
  }
  io.err.write(
    `stopped. Jobs that run go on without it; \`bace up --state ${folder}\` comes back to them.\n`,
  );
}

function stop(pid: number): void {
  try {
    process.kill(pid, "SIGTERM");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ESRCH") return; // it has ended by itself
    const hint = "stop it as the user that started it";
    throw new Failure(`process ${pid} cannot be stopped: ${message}`, {
      ...{ exitCode: EXIT.failed, code: "not-stopped", hint },
    });
  }
}
