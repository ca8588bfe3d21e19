// Logs in a cluster's folder, read by the commands that run there: on this machine, which needs no Slurm.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { clusterFiles } from "../../src/executors/slurm/cluster-files.ts";
import { createRunner } from "../../src/executors/slurm/runner.ts";

const KEY = "a.1.east";
let folder: string;
const write = (name: string, text: string) => writeFileSync(join(folder, "launches", KEY, name), text);
const logs = (bytes: number, after?: ReadonlyMap<string, number>) =>
  clusterFiles(createRunner({}), folder).logs(KEY, { bytes, ...(after ? { after } : {}) });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bace-cluster-"));
  mkdirSync(join(folder, "launches", KEY), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("a launch that is not there has none", async () => {
  rmSync(join(folder, "launches", KEY), { recursive: true });
  expect(await logs(100)).toEqual([]);
});

test("exactly the bytes that are asked for, of plain files that are logs", async () => {
  write("rank-10.log", "0123456789");
  write("rank-9.log", "ab");
  write("supervisor.log", "");
  write("plan.json", '{"launchKey": "secret"}');
  symlinkSync(join(folder, "launches", KEY, "plan.json"), join(folder, "launches", KEY, "rank-1.log"));
  expect(await logs(8)).toEqual([
    { name: "rank-9", fromByte: 0, toByte: 2, text: "ab" },
    { name: "rank-10", fromByte: 6, toByte: 10, text: "6789" },
    { name: "supervisor", fromByte: 0, toByte: 0, text: "" },
  ]);
  const after = new Map([
    ["rank-9", 2],
    ["rank-10", 5],
  ]);
  expect((await logs(8, after)).map(({ text }) => text)).toEqual(["", "56789", ""]);
});
