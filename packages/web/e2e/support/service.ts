// A live service, as people start it: `bace up` as a process of its own, which can be killed and started again, and the
// command line beside it.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type { ServiceFile } from "@bace-pipe/server";
import { freePort } from "../../../server/test/support/free-port.ts";

export const ROOT = resolve(import.meta.dirname, "../../../..");
export const FLEET = join(ROOT, "scenarios/demo-three-regions.yaml");
const BACE = join(ROOT, "packages/cli/bin/bace.mjs");
const START_SECONDS = 180;
const POLL_MILLISECONDS = 200;

/** What a test has to know of the service; the process itself may be another after each start. */
export interface Where {
  readonly folder: string;
  readonly url: string;
  readonly adminToken: string;
  /** Of the address that `bace up` prints: it may look. */
  readonly dashboardToken: string;
}

/**
 * Starts it in the folder, or again at the address that it had there, and waits until it is the active one. Not at the usual
 * port, where somebody may have a service of his own.
 * @param flags of `bace up` besides
 */
export async function startService(folder: string, ...flags: readonly string[]): Promise<Where> {
  mkdirSync(folder, { recursive: true });
  const portFile = join(folder, "port");
  if (!existsSync(portFile)) writeFileSync(portFile, String(await freePort()));
  const port = readFileSync(portFile, "utf8");
  const output = openSync(join(folder, "up.log"), "a");
  const child = spawn(
    process.execPath,
    [BACE, "up", "--state", folder, "--fleet", FLEET, "--port", port, ...flags],
    {
      detached: true,
      stdio: ["ignore", output, output],
    },
  );
  child.unref();
  closeSync(output);
  const since = performance.now();
  for (;;) {
    const url = await readyUrl(folder, child);
    if (url !== undefined) return { folder, url, ...tokensIn(folder) };
    if (child.exitCode !== null || performance.now() - since > 1000 * START_SECONDS) {
      child.kill("SIGKILL");
      const said = readFileSync(join(folder, "up.log"), "utf8");
      throw new Error(`the service did not start in ${START_SECONDS} s:\n${said}`);
    }
    await sleep(POLL_MILLISECONDS);
  }
}

/** Ends its process, and returns when it has ended. What it runs goes on. */
export async function endService(folder: string, signal: NodeJS.Signals): Promise<void> {
  const { pid } = serviceFile(folder)!;
  process.kill(pid, signal);
  while (isThere(pid)) await sleep(POLL_MILLISECONDS);
}

/** @throws where the command fails, with what it said */
export async function bace({ folder }: Where, ...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [BACE, ...args], {
    env: { ...process.env, BACE_STATE: folder },
    maxBuffer: 2 ** 28,
  });
  return stdout;
}

/** What the API answers to an administrator. */
export async function ask<T>({ adminToken, url }: Where, path: string, init: RequestInit = {}): Promise<T> {
  const headers = { Authorization: `Bearer ${adminToken}`, "Content-Type": "application/json" };
  const response = await fetch(`${url}/${path}`, { ...init, headers });
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}

function serviceFile(folder: string): ServiceFile | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, "service.json"), "utf8")) as ServiceFile;
  } catch {
    return undefined; // none yet, or half of one
  }
}

/** The file may still be that of a service that was killed: only this child's counts. */
async function readyUrl(folder: string, { pid }: ChildProcess): Promise<string | undefined> {
  const file = serviceFile(folder);
  if (file?.pid !== pid) return undefined;
  const reply = await fetch(`${file!.url}/readyz`).catch(() => undefined);
  return reply?.ok ? file!.url : undefined;
}

function tokensIn(folder: string): Pick<Where, "adminToken" | "dashboardToken"> {
  const read = (name: string) => readFileSync(join(folder, `${name}.token`), "utf8").trim();
  return { adminToken: read("admin"), dashboardToken: read("dashboard") };
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
