// The parts of the executor that need no cluster: words, what squeue and sbatch say, the archives.
import { execFileSync, spawnSync } from "node:child_process";
import {
  chownSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseScenario } from "@bace-pipe/core/spec";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseQueue } from "../../src/executors/slurm/queue.ts";
import { BATCH_SCRIPT } from "../../src/executors/slurm/script.ts";
import { jobStateOf, refusalOf } from "../../src/executors/slurm/states.ts";
import { tarOf } from "../../src/executors/slurm/tape.ts";
import { verdictOf } from "../../src/executors/slurm/verdict.ts";
import { checkedWords, wordsForRemoteShell } from "../../src/executors/slurm/words.ts";
import { workerArchive } from "../../src/executors/slurm/worker-archive.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "bace-slurm-parts-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("words", () => {
  test.each([
    "",
    "a b",
    "a\nb",
    "$(id)",
    "`id`",
    "a;b",
    "a>b",
    "a'b",
    'a"b',
    "a\\b",
    "~",
    "#a",
    "=ls",
    "é",
    "a\0b",
  ])("%j is none", (word) => expect(() => checkedWords(["sbatch", word])).toThrow("not a word"));

  test("a shell at the other end of ssh makes the same words of them", () => {
    const word = fc.stringMatching(/^[A-Za-z0-9_./:+@%,-][A-Za-z0-9_./:+@%,=&|()[\]*-]{0,20}$/);
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), (words) => {
        const line = `printf '%s\\n' ${wordsForRemoteShell(words).join(" ")}`;
        const text = execFileSync("sh", ["-c", line], { encoding: "utf8" });
        expect(text.trimEnd().split("\n")).toEqual(words);
      }),
      { numRuns: 30 },
    );
  });
});

describe("what squeue says", () => {
  const line = (id: number, state: string, key: string, at = `/s/launches/${key}`) =>
    `${id}|${state}|bace-${key}|${at}|None`;

  test("jobs of our name in our folder are ours; others' names may hold anything", () => {
    const text = [
      ...["7|RUNNING|bash|/home/me|None", "8|PENDING|a", "b|c|/home/me|None"],
      line(9, "RUNNING", "a.1.east"),
      line(10, "RUNNING", "a.1.east", "/other/launches/a.1.east"),
      "11|RUNNING|bace-x|/home/me|None",
    ].join("\n");
    expect(parseQueue(`${text}\n`, "/s/launches")).toEqual([
      { id: "9", key: "a.1.east", state: "RUNNING", reason: "None" },
    ]);
    expect(parseQueue("", "/s/launches")).toEqual([]);
  });

  test.each([
    "slurm_load_jobs error: Unable to contact slurm controller",
    `${line(9, "RUNNING", "a.1.east")}\n9|RUN NING`,
    "9|RUNNING|bace-a.1.ea",
    "\uFFFD\uFFFD\0",
  ])("what is no list of jobs is refused as a whole: %j", (text) => {
    expect(() => parseQueue(text, "/s/launches")).toThrow("no list of jobs");
  });

  test("any text is a list or refused", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        try {
          expect(parseQueue(text, "/s/launches")).toEqual([]);
        } catch (error) {
          expect((error as Error).message).toContain("no list of jobs");
        }
      }),
    );
  });

  test.each([
    ...["PENDING", "CONFIGURING", "RUNNING", "COMPLETING", "SUSPENDED", "STOPPED", "SIGNALING", "STAGE_OUT"],
    ...["RESIZING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "RESV_DEL_HOLD", "SPECIAL_EXIT"],
  ])("%s: it runs, or may yet", (state) => expect(jobStateOf(state)).toEqual({ kind: "live" }));

  test.each(["CANCELLED", "PREEMPTED", "TIMEOUT", "DEADLINE", "REVOKED"])(
    "%s: told to end, as by SIGTERM",
    (state) => expect(jobStateOf(state)).toEqual({ kind: "ended", exitCode: 75 }),
  );

  test.each(["COMPLETED", "FAILED", "NODE_FAIL", "BOOT_FAIL", "OUT_OF_MEMORY", "LAUNCH_FAILED"])(
    "%s: ended, and nobody knows how",
    (state) => expect(jobStateOf(state)).toEqual({ kind: "ended", exitCode: -1 }),
  );

  test.each(["", "running", "FINISHED", "constructor", "__proto__"])("%j is no state that we know", (state) =>
    expect(jobStateOf(state)).toEqual({ kind: "unknown" }),
  );
});

test.each<[string, "final" | "for-now" | undefined]>([
  ["sbatch: error: Batch job submission failed: Invalid partition name specified", "final"],
  [
    "sbatch: error: Batch job submission failed: Invalid account or account/partition combination specified",
    "final",
  ],
  ["sbatch: error: Batch job submission failed: Invalid qos specification", "final"],
  ["sbatch: error: Batch job submission failed: Invalid feature specification", "final"],
  ["sbatch: error: Invalid generic resource (gres) specification", "final"],
  ["sbatch: error: Batch job submission failed: Requested node configuration is not available", "final"],
  ["sbatch: unrecognized option '--foo'", "final"],
  [
    "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)",
    "for-now",
  ],
  [
    "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit)",
    "for-now",
  ],
  ["sbatch: error: Batch job submission failed: Socket timed out on send/recv operation", undefined],
  ["sbatch: error: Batch job submission failed: Zero Bytes were transmitted or received", undefined],
  ["sbatch: error: Batch job submission failed: Unexpected message received", undefined],
  ["Segmentation fault", undefined],
  ["", undefined],
])("sbatch that says %j: %s", (stderr, refusal) => expect(refusalOf(stderr)).toBe(refusal));

describe("what queue and notes mean together", () => {
  const job = (id: string, state: string) => ({ id, state, key: "a.1.east", reason: "None" });
  const submitted = JSON.stringify({ seconds: 100 });
  const verdict = (jobs: ReturnType<typeof job>[], notes: object, nowSeconds = 110) =>
    verdictOf(jobs, notes, nowSeconds, 60);

  test("the worker's own word comes first, whatever Slurm says", () => {
    const exit = '{"exitCode": 0, "ranks": []}';
    for (const state of ["RUNNING", "NODE_FAIL", "CANCELLED", "WHAT"])
      expect(verdict([job("1", state)], { exit })).toEqual({ kind: "exited", exitCode: 0 });
    for (const text of ["{", "null", "7", '{"exitCode": "0"}', '{"exitCode": 0.5}'])
      expect(verdict([], { exit: text })).toEqual({ kind: "exited", exitCode: -1 });
  });

  test("of two jobs, how the one ended that had the launch", () => {
    const notes = { submitted, claimedBy: "1" };
    expect(verdict([job("2", "FAILED"), job("1", "TIMEOUT")], notes)).toEqual({ kind: "over", exitCode: 75 });
    expect(verdict([job("2", "PENDING"), job("1", "NODE_FAIL")], notes)).toEqual({ kind: "running" });
  });

  test("a completed job whose worker has said nothing has not finished", () => {
    expect(verdict([job("1", "COMPLETED")], { submitted, claimedBy: "1" })).toEqual({
      kind: "over",
      exitCode: -1,
    });
  });

  test("a job that Slurm has forgotten has ended, if it ever began", () => {
    expect(verdict([], { submitted, claimedBy: "1" })).toEqual({ kind: "over", exitCode: -1 });
    expect(verdict([], { submitted }, 110)).toEqual({ kind: "unknown" });
    expect(verdict([], { submitted }, 161)).toEqual({ kind: "absent" });
    expect(verdict([], { submitted: "torn" })).toEqual({ kind: "absent" });
  });

  test("a record of a job that was refused is none", () => {
    expect(verdict([job("1", "FAILED")], {})).toEqual({ kind: "absent" });
  });
});

test("the scenario of the reference is one", () => {
  const page = readFileSync(resolve(import.meta.dirname, "../../../../docs/reference/slurm.md"), "utf8");
  const [, text] = /```yaml\n([\s\S]*?)```/.exec(page)!;
  const parsed = parseScenario(text!, "slurm.md");
  expect(parsed.ok ? [] : parsed.diagnostics).toEqual([]);
  const regions = parsed.ok ? parsed.value.fleet.regions : [];
  expect(regions.map(({ slurm }) => slurm?.host)).toEqual(["bace@login.frankfurt", "bace@login.virginia"]);
});

test("files get there as they are, readable by their owner alone", () => {
  const files = {
    "plan.json": `{"x":"${"é".repeat(600)}"}`,
    worker: "/s/w.zip\n",
    exact: "x".repeat(512),
    none: "",
  };
  execFileSync("tar", ["-x", "-f", "-", "-C", folder], { input: tarOf(files) });
  for (const [name, text] of Object.entries(files)) {
    expect(readFileSync(join(folder, name), "utf8")).toBe(text);
    expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
  }
});

describe("the worker's archive", () => {
  const sources = resolve(import.meta.dirname, "../../../../worker");

  test("is the same bytes for the same sources, whenever they were written", async () => {
    const copy = join(folder, "copy");
    cpSync(join(sources, "bace_worker"), join(copy, "bace_worker"), { recursive: true });
    const first = await workerArchive(copy);
    utimesSync(join(copy, "bace_worker", "launch.py"), 1, 1);
    writeFileSync(join(copy, "bace_worker", "notes.txt"), "no module");
    expect((await workerArchive(copy)).sha256).toBe(first.sha256);
    expect((await workerArchive(sources)).sha256).toBe(first.sha256);
    writeFileSync(join(copy, "bace_worker", "launch.py"), "");
    expect((await workerArchive(copy)).sha256).not.toBe(first.sha256);
  });

  test("is one that Python imports from", async () => {
    const { bytes, sha256 } = await workerArchive(sources);
    const path = join(folder, `${sha256}.zip`);
    writeFileSync(path, bytes);
    expect(execFileSync("sha256sum", [path], { encoding: "utf8" })).toContain(sha256);
    const help = execFileSync("python3", ["-m", "bace_worker", "--help"], {
      ...{ encoding: "utf8", cwd: folder },
      env: { ...process.env, PYTHONPATH: path },
    });
    expect(help).toContain("launch");
    execFileSync("python3", ["-m", "zipfile", "-t", path]);
  });
});

test("the batch script runs words as they are, once", () => {
  const launch = mkdtempSync(join(folder, "launch-"));
  writeFileSync(join(launch, "worker"), "/s/worker.zip\n");
  writeFileSync(join(launch, "command"), 'sh\n-c\necho "$0 $1 $PYTHONPATH" >>out; exit 3\na  b\n$(id)\n');
  const run = () => {
    try {
      execFileSync("sh", ["-s"], {
        input: BATCH_SCRIPT,
        cwd: launch,
        stdio: ["pipe", "pipe", "ignore"],
        env: { PATH: process.env["PATH"], SLURM_JOB_ID: "12" },
      });
      return 0;
    } catch (error) {
      return (error as { status: number }).status;
    }
  };
  expect([run(), run()]).toEqual([3, 75]);
  expect(readFileSync(join(launch, "out"), "utf8")).toBe("a  b $(id) /s/worker.zip\n");
  expect(readFileSync(join(launch, "claimed", "job"), "utf8")).toBe("12\n");
  rmSync(join(launch, "claimed"), { recursive: true });
  rmSync(join(launch, "out"));
  writeFileSync(join(launch, "cancelled"), "");
  expect(run()).toBe(75);
  expect(existsSync(join(launch, "out"))).toBe(false);
});

test("the batch script exports what is in the launch's environment file, as it is", () => {
  const launch = mkdtempSync(join(folder, "logged-"));
  writeFileSync(join(launch, "worker"), "/s/worker.zip\n");
  writeFileSync(join(launch, "command"), 'sh\n-c\nprintf "%s|%s" "$WANDB_API_KEY" "$WANDB_MODE" >out\n');
  writeFileSync(join(launch, "environment"), "WANDB_API_KEY=a b=$(id) 'c'\nWANDB_MODE=offline\n");
  execFileSync("sh", ["-s"], {
    ...{ input: BATCH_SCRIPT, cwd: launch },
    env: { PATH: process.env["PATH"], SLURM_JOB_ID: "12" },
  });
  expect(readFileSync(join(launch, "out"), "utf8")).toBe("a b=$(id) 'c'|offline");
});

test("the batch script runs nothing where it finds no launch, or one that another account has laid out", () => {
  const elsewhere = mkdtempSync(join(folder, "elsewhere-"));
  const run = () =>
    spawnSync("sh", ["-s"], {
      ...{ input: BATCH_SCRIPT, cwd: elsewhere, encoding: "utf8" },
      env: { PATH: process.env["PATH"], SLURM_JOB_ID: "12" },
    });
  const refused = { status: 1, stderr: expect.stringContaining("is the shared folder mounted here?") };
  expect(run()).toMatchObject(refused);
  expect(existsSync(join(elsewhere, "claimed"))).toBe(false);
  writeFileSync(join(elsewhere, "worker"), "/s/worker.zip\n");
  writeFileSync(join(elsewhere, "command"), "touch\nout\n");
  if (process.getuid?.() === 0) {
    for (const name of ["worker", "command"]) chownSync(join(elsewhere, name), 65534, 65534);
    expect(run()).toMatchObject(refused);
    expect(existsSync(join(elsewhere, "out"))).toBe(false);
    for (const name of ["worker", "command"]) chownSync(join(elsewhere, name), 0, 0);
  }
  expect(run().status).toBe(0);
  expect(existsSync(join(elsewhere, "out"))).toBe(true);
});
