// Stopping the service: by the process that it noted down, and no other.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startTicksOf } from "../../server/src/executors/process.ts";
import { bace } from "./support/recorder.ts";

let folder: string;
let service: ChildProcess;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "bace-down-"));
  service = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000); console.log('ready')"]);
  await once(service.stdout!, "data");
  note(startTicksOf(service.pid!));
});
afterEach(() => {
  service.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

function note(startTicks: number | null): void {
  const file = { pid: service.pid, startTicks, url: "http://127.0.0.1:7420" };
  writeFileSync(join(folder, "service.json"), JSON.stringify(file));
}

const isRunning = () => service.exitCode === null && service.signalCode === null;

test("the service of the folder is asked to stop, and waited for", async () => {
  const { err, exitCode } = await bace(["down", "--state", folder, "--yes"]);
  expect(exitCode).toBe(0);
  expect(err).toBe(
    `stopped. Jobs that run go on without it; \`bace up --state ${folder}\` comes back to them.\n`,
  );
  if (isRunning()) await once(service, "exit");
  expect(service.signalCode).toBe("SIGTERM");
});

test("not where the answer is no, nor without --yes where nobody can be asked", async () => {
  expect((await bace(["down", "--state", folder], { answer: false })).exitCode).toBe(1);
  const { err, exitCode } = await bace(["down", "--state", folder]);
  expect(exitCode).toBe(2);
  expect(err).toContain("error[needs-yes]: Stop the service at http://127.0.0.1:7420");
  expect(isRunning()).toBe(true);
});

test("a process that has its number but is another one is left alone; where none runs there is nothing to do", async () => {
  note(1);
  expect(await bace(["down", "--state", folder, "--yes"])).toMatchObject({ exitCode: 0, out: "" });
  expect(isRunning()).toBe(true);
  rmSync(join(folder, "service.json"));
  const { err, exitCode } = await bace(["down", "--state", folder]);
  expect([exitCode, err]).toEqual([0, `no service of this machine runs in ${folder}\n`]);
});
