// Commands that do what they should not, on this machine and behind an ssh that is a shell of this machine.
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { isAlive, startTicksOf } from "../../src/executors/process.ts";
import { createRunner } from "../../src/executors/slurm/runner.ts";

let folder: string;
const program = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
};
const run = createRunner({});

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "bace-runner-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("input goes in, output and exit code come back", async () => {
  const words = [program("copy", "cat; echo to err >&2; exit 3")];
  expect(await run({ words, input: "a\nb" })).toEqual({
    ...{ kind: "ended", exitCode: 3, stdout: "a\nb", stderr: "to err\n" },
  });
});

test("one that does not end is ended, with what it has started", async () => {
  const words = [program("hang", `sleep 100 & echo $! >${folder}/child; wait`)];
  expect(await run({ words, timeoutSeconds: 1 })).toEqual({
    kind: "no-answer",
    reason: "no answer after 1 s",
  });
  const pid = Number(readFileSync(join(folder, "child"), "utf8"));
  await vi.waitFor(() => expect(isAlive({ pid, startTicks: startTicksOf(pid) })).toBe(false));
});

test("output without end is no answer", async () => {
  const ran = await run({ words: [program("flood", "yes")] });
  expect(ran).toEqual({ kind: "no-answer", reason: "more than 32 MB of output" });
});

test("output that is no UTF-8 is read all the same", async () => {
  const words = [program("bytes", "printf '1|\\377\\376|\\n'")];
  expect(await run({ words })).toMatchObject({ kind: "ended", stdout: "1|\uFFFD\uFFFD|\n" });
});

test("one that reads nothing of a long input, one that is killed, and one that is not there", async () => {
  const input = "x".repeat(1e6);
  expect(await run({ words: [program("deaf", "exit 0")], input })).toMatchObject({
    kind: "ended",
    exitCode: 0,
  });
  expect(await run({ words: [program("dies", "kill -9 $$")] })).toMatchObject({ kind: "no-answer" });
  expect(await run({ words: [join(folder, "none")] })).toMatchObject({
    ...{ kind: "no-answer", reason: expect.stringContaining("cannot start") },
  });
});

test("words that could mean something to a shell are refused before anything runs", async () => {
  await expect(run({ words: ["echo", "$(id)"] })).rejects.toThrow("not a word");
});

test("defaults of a user's environment and a job's own do not get to Slurm's commands", async () => {
  process.env["SBATCH_PARTITION"] = "mine";
  process.env["SLURM_CONF"] = "/etc/slurm.conf";
  try {
    const { stdout } = (await createRunner({})({ words: ["env"] })) as { stdout: string };
    expect(stdout).not.toContain("SBATCH_PARTITION");
    expect(stdout).toContain("SLURM_CONF=/etc/slurm.conf");
  } finally {
    delete process.env["SBATCH_PARTITION"];
    delete process.env["SLURM_CONF"];
  }
});

test("over ssh: options of the service's own, the words through a shell, failures of ssh as no answer", async () => {
  const ssh = program(
    "ssh",
    `echo "$@" >${folder}/options; while [ "$1" != -- ]; do shift; done; shift 2; [ "$1" = broken ] && exit 255; exec sh -c "$*"`,
  );
  const far = createRunner({ host: "me@login", ssh: [ssh] });
  expect(await far({ words: ["printf", "%s/", "a&b|c", "d[1-2]*"] })).toMatchObject({
    stdout: "a&b|c/d[1-2]*/",
  });
  expect(readFileSync(join(folder, "options"), "utf8")).toMatch(
    /^-o BatchMode=yes .*-o ControlMaster=auto -o ControlPath=\S+\/%C -o ControlPersist=60 -- me@login printf %s\/ 'a&b\|c' 'd\[1-2\]\*'\n$/,
  );
  expect(await far({ words: ["broken"] })).toMatchObject({
    ...{ kind: "no-answer", reason: expect.stringContaining("ssh to me@login") },
  });
});
