// The demo's service: `bace up` as a child of its own process group, started again when it dies. Ctrl-C reaches the demo
// alone, which then stops the service in its own time.
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { EXIT, Failure } from "../failure.ts";
import { BACE } from "../places.ts";
import { readServiceFile } from "../service/discovery.ts";

const START_SECONDS = 90;
const STOP_SECONDS = 15;
const POLL_MILLISECONDS = 200;

export interface ServiceOptions {
  readonly folder: string;
  readonly fleet: string;
  readonly python?: string | undefined;
  readonly policy: string;
}

export interface ServiceProcess {
  readonly url: string;
  readonly pid: number;
  /** How it ended ("SIGKILL", "exit code 1"), while it has. */
  ended(): string | undefined;
  /** Ends it in good order; what it runs goes on. */
  stop(): Promise<void>;
  /** Lets this process end before it. */
  leave(): void;
}

/** Starts it and waits until it answers; `wait` is called while it does not, with the seconds waited so far. */
export async function startServiceProcess(
  options: ServiceOptions,
  wait: (seconds: number) => void,
  signal: AbortSignal,
): Promise<ServiceProcess> {
  mkdirSync(options.folder, { recursive: true });
  const log = join(options.folder, "demo-service.log");
  const child = spawnService(options, log);
  let ended: string | undefined;
  const exited = new Promise<void>((resolve) => {
    child.once("exit", (code, signalName) => {
      ended = signalName ?? `exit code ${code}`;
      resolve();
    });
  });
  const stop = async () => {
    if (ended !== undefined) return;
    child.kill("SIGTERM");
    await Promise.race([exited, sleep(STOP_SECONDS * 1000, undefined, { ref: false })]);
    if (ended !== undefined) return;
    child.kill("SIGKILL");
    await exited;
  };
  const since = performance.now();
  for (;;) {
    const url = ended === undefined ? await listeningUrl(options.folder, child.pid!) : undefined;
    if (url !== undefined) {
      return { url, pid: child.pid!, ended: () => ended, stop, leave: () => child.unref() };
    }
    const seconds = (performance.now() - since) / 1000;
    if (ended !== undefined || seconds > START_SECONDS || signal.aborted) {
      const how = ended;
      await stop();
      if (signal.aborted)
        throw new Failure("the service is stopped", { exitCode: EXIT.interrupted, code: "interrupted" });
      throw notStarted(how === undefined ? `did not answer in ${START_SECONDS} s` : `ended with ${how}`, log);
    }
    wait(seconds);
    await sleep(POLL_MILLISECONDS);
  }
}

function spawnService({ fleet, folder, policy, python }: ServiceOptions, log: string): ChildProcess {
  const output = openSync(log, "a");
  try {
    const asked = python === undefined ? [] : ["--python", python];
    const args = ["up", "--state", folder, "--fleet", fleet, "--policy", policy, ...asked];
    return spawn(process.execPath, [BACE, ...args], {
      detached: true,
      stdio: ["ignore", output, output],
    });
  } finally {
    closeSync(output);
  }
}

/** service.json may still be that of a service that was killed: only this child's counts, and only once it is healthy. */
async function listeningUrl(folder: string, pid: number): Promise<string | undefined> {
  const file = readServiceFile(folder);
  if (file?.pid !== pid) return undefined;
  const reply = await fetch(`${file.url}/healthz`).catch(() => undefined);
  return reply?.ok ? file.url : undefined;
}

function notStarted(what: string, log: string): Failure {
  const tail = readFileSync(log, "utf8").trimEnd().split("\n").slice(-5).join("\n");
  return new Failure(`the service ${what}:\n${tail}`, {
    exitCode: EXIT.failed,
    code: "service-not-started",
    hint: `its whole output is in ${log}`,
  });
}
