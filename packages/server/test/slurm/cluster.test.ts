// A real Slurm cluster, and a worker in a few lines of Python that keeps the worker's contract. What is shown here is what
// no fake can: that Slurm does with our words, signals and files what the executor thinks it does.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Plan, SlurmSettings } from "@bace-pipe/core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { Artifact, Executor } from "../../src/executors/executor.ts";
import { logText } from "../../src/executors/log-parts.ts";
import { createSlurmExecutor } from "../../src/executors/slurm/executor.ts";
import { createRunner } from "../../src/executors/slurm/runner.ts";
import { workerArchive } from "../../src/executors/slurm/worker-archive.ts";
import { processesIn, startClusters, type TestClusters, whyNoSlurm } from "../support/slurm.ts";
import { startSshd, whyNoSshd } from "../support/sshd.ts";

/** Ends when `finish` says with which code, or by SIGTERM with 75; `stubborn` ignores the signal. */
const WORKER = `
import json, os, pathlib, signal, sys, time
folder = pathlib.Path(sys.argv[sys.argv.index("--directory") + 1])
def finish(code):
    (folder / "exit.json.tmp").write_text(json.dumps({"exitCode": code, "ranks": []}))
    (folder / "exit.json.tmp").rename(folder / "exit.json")
    sys.exit(code)
if not (folder / "stubborn").exists():
    signal.signal(signal.SIGTERM, lambda *_: finish(75))
else:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
with open(folder / "starts", "a") as starts:
    starts.write(os.environ.get("CUDA_VISIBLE_DEVICES", "none") + "\\n")
print("worker of", sys.argv[sys.argv.index("--region") + 1], "from", __file__, flush=True)
while not ((folder / "finish").exists() and (folder / "finish").read_text()):
    time.sleep(0.02)
finish(int((folder / "finish").read_text()))
`;

const PLAN = {
  version: 1,
  checkpoint: null,
  ranks: [{ region: "east" }, { region: "east" }, { region: "west" }],
} as unknown as Plan;
const ARTIFACT: Artifact = { region: "east", plan: PLAN };
const PATIENCE = { timeout: 20_000, interval: 100 };

describe.skipIf(whyNoSlurm)(`on a Slurm cluster${whyNoSlurm ? ` (${whyNoSlurm})` : ""}`, () => {
  let clusters: TestClusters;
  let usual: SlurmSettings;
  let settings: SlurmSettings;
  let executor: Executor;
  let number = 0;
  let key: string;

  const open = (over: Partial<Parameters<typeof createSlurmExecutor>[0]> = {}) =>
    createSlurmExecutor({
      settingsOf: (region) => (region === "east" ? settings : undefined),
      folder: settings.folder,
      configurationFile: settings.configurationFile,
      run: createRunner({}),
      worker: () => workerArchive(join(clusters.folder, "sources")),
      ...{ pollSeconds: 0, exitGraceSeconds: 1, lateSeconds: 2 },
      ...over,
    });
  const folder = () => join(settings.folder, "launches", key);
  const read = (name: string) => readFileSync(join(folder(), name), "utf8");
  const write = (name: string, text = "") => {
    mkdirSync(folder(), { recursive: true });
    writeFileSync(join(folder(), name), text);
  };
  const started = () => vi.waitFor(() => expect(existsSync(join(folder(), "starts"))).toBe(true), PATIENCE);
  const startCount = () => read("starts").trim().split("\n").length;
  const exited = (exitCode: number, asked = executor) =>
    vi.waitFor(async () => expect(await asked.find(key)).toEqual({ kind: "exited", exitCode }), PATIENCE);
  const supervisorPid = () => {
    const [pid] = processesIn(folder(), "bace_worker");
    expect(pid).toBeDefined();
    return pid!;
  };

  beforeAll(async () => {
    clusters = await startClusters([{ name: "lab" }]);
    const sources = join(clusters.folder, "sources", "bace_worker");
    mkdirSync(sources, { recursive: true });
    writeFileSync(join(sources, "__init__.py"), "");
    writeFileSync(join(sources, "__main__.py"), WORKER);
    usual = {
      folder: join(clusters.folder, "shared"),
      configurationFile: clusters.configurationOf("lab"),
      python: "python3",
      gpuGres: "gpu:h100",
      extraOptions: [],
    };
  }, 60_000);
  afterAll(() => clusters?.remove());
  beforeEach(() => {
    settings = { ...usual };
    executor = open();
    key = `job.${++number}.east`;
  });
  afterEach(() => {
    clusters.client("lab", "scancel", "--me");
  });

  test("a launch is submitted, runs with the GPUs of its region's ranks, and is known by its exit code", async () => {
    expect(await executor.find(key)).toEqual({ kind: "absent" });
    expect(await executor.submit(key, ARTIFACT)).toEqual({ kind: "accepted" });
    expect(await executor.list()).toEqual(new Map([[key, { kind: "running" }]]));
    await started();
    expect(read("starts")).toBe("0,1\n");
    expect(JSON.parse(read("plan.json"))).toEqual(PLAN);
    expect(clusters.client("lab", "squeue", "-h", "-o", "%j %k")).toBe(`bace-${key} ${key}\n`);
    write("finish", "69");
    await exited(69);
    expect(await executor.list()).toEqual(new Map([[key, { kind: "exited", exitCode: 69 }]]));
    expect(logText(await executor.logs(key, { bytes: 4000 }))).toContain("worker of east from");
  });

  test("it is started once, whoever submits it again, and adopted by an executor that is new on the cluster", async () => {
    await executor.submit(key, ARTIFACT);
    expect(await executor.submit(key, ARTIFACT)).toEqual({ kind: "exists" });
    await started();
    const next = open();
    expect(await next.list()).toEqual(await executor.list());
    expect(await next.submit(key, ARTIFACT)).toEqual({ kind: "exists" });
    write("finish", "0");
    await exited(0, next);
    expect(await next.submit(key, ARTIFACT)).toEqual({ kind: "exists" });
    expect(startCount()).toBe(1);
  });

  test("of two jobs for one launch, one runs it and the other has nothing to do", async () => {
    await Promise.all([executor.submit(key, ARTIFACT), open().submit(key, ARTIFACT)]);
    await started();
    await vi.waitFor(
      () =>
        expect(clusters.client("lab", "squeue", "-h", "-t", "RUNNING,PENDING", "-o", "%j")).toBe(
          `bace-${key}\n`,
        ),
      PATIENCE,
    );
    expect(await executor.find(key)).toEqual({ kind: "running" });
    write("finish", "0");
    await exited(0);
    expect(startCount()).toBe(1);
  });

  test("a worker that was killed has exited through the infrastructure's fault", async () => {
    await executor.submit(key, ARTIFACT);
    await started();
    process.kill(supervisorPid(), "SIGKILL");
    await exited(-1);
  });

  test("a launch that is cancelled ends in good order", async () => {
    await executor.submit(key, ARTIFACT);
    await started();
    await executor.cancel(key);
    await exited(75);
    expect(JSON.parse(read("exit.json"))).toMatchObject({ exitCode: 75 });
  });

  test("one that does not listen is killed when its time is up", async () => {
    let seconds = 1000;
    const own = open({ nowSeconds: () => seconds });
    write("stubborn");
    await own.submit(key, ARTIFACT);
    await started();
    await own.cancel(key);
    seconds += 10;
    await own.cancel(key);
    expect(await own.find(key)).toEqual({ kind: "running" });
    seconds += 10;
    await own.cancel(key);
    await vi.waitFor(async () => {
      await own.find(key);
      seconds++;
      expect(await own.find(key)).toEqual({ kind: "exited", exitCode: 75 });
    }, PATIENCE);
  });

  test("one that waits in the queue is taken out of it, and never starts", async () => {
    settings = { ...usual, extraOptions: ["--begin=now+1hour"] };
    await executor.submit(key, ARTIFACT);
    expect(await executor.find(key)).toEqual({ kind: "running" });
    await executor.cancel(key);
    await exited(75);
    expect(existsSync(join(folder(), "starts"))).toBe(false);
  });

  test("an administrator's scancel counts as being told to end", async () => {
    write("stubborn");
    await executor.submit(key, ARTIFACT);
    await started();
    clusters.client("lab", "scancel", "--me");
    await exited(75);
  });

  test("a controller that restarts loses and doubles nothing; while it is away nothing is concluded", async () => {
    const run = createRunner({});
    /** The controller is stopped in the instant in which sbatch would be run. */
    const interrupted = open({
      run: async (command) => {
        if (command.words.includes("sbatch")) await clusters.controller("lab", "stop");
        return run({ ...command, timeoutSeconds: 3 });
      },
    });
    expect(await interrupted.submit(key, ARTIFACT)).toMatchObject({ kind: "unknown" });
    await expect(executor.list()).rejects.toThrow("squeue");
    await expect(executor.find(key)).rejects.toThrow("squeue");
    await clusters.controller("lab", "start");
    await vi.waitFor(async () => {
      if ((await executor.find(key)).kind === "absent") await executor.submit(key, ARTIFACT);
      expect(await executor.find(key)).toEqual({ kind: "running" });
    }, PATIENCE);
    await started();
    await clusters.controller("lab", "restart");
    expect(await executor.find(key)).toEqual({ kind: "running" });
    write("finish", "0");
    await exited(0);
    expect(startCount()).toBe(1);
  }, 60_000);

  test("a submit whose answer is lost is settled by find, and the job is there once", async () => {
    const run = createRunner({});
    const deaf = open({
      run: async (command) => {
        const ran = await run(command);
        return command.words.includes("sbatch") ? { kind: "no-answer", reason: "lost" } : ran;
      },
    });
    expect(await deaf.submit(key, ARTIFACT)).toEqual({ kind: "unknown", reason: "sbatch: lost" });
    expect(await deaf.find(key)).toEqual({ kind: "running" });
    expect(await deaf.submit(key, ARTIFACT)).toEqual({ kind: "exists" });
    await started();
    write("finish", "0");
    await exited(0);
    expect(startCount()).toBe(1);
  });

  test("what the cluster does not have is refused for good, in Slurm's words", async () => {
    const submitTo = async (over: Partial<SlurmSettings>) => {
      settings = { ...usual, ...over };
      return executor.submit(key, ARTIFACT);
    };
    const rejected = (reason: string) => ({ kind: "rejected", reason: expect.stringContaining(reason) });
    expect(await submitTo({ partition: "nowhere" })).toEqual(rejected("Invalid partition"));
    expect(await submitTo({ constraint: "a&b" })).toEqual(rejected("Invalid feature"));
    expect(await submitTo({ gpuGres: "gpu:a100" })).toEqual(
      rejected("Requested node configuration is not available"),
    );
    expect(await executor.find(key)).toEqual({ kind: "absent" });
  });

  test("a region's prefix comes before the program, and nothing in it means anything to a shell", async () => {
    const commandPrefix = ["env", "PREFIXED=$(id) `id` 'a b' \\n ;"];
    await executor.submit(key, { ...ARTIFACT, commandPrefix });
    await started();
    const environment = readFileSync(`/proc/${supervisorPid()}/environ`, "utf8").split("\0");
    expect(environment).toContain(commandPrefix[1]);
    write("finish", "0");
    await exited(0);
  });

  test("the worker is placed once, and again where it is damaged", async () => {
    const { sha256, bytes } = await workerArchive(join(clusters.folder, "sources"));
    const path = join(settings.folder, "worker", `${sha256}.zip`);
    writeFileSync(path, bytes.subarray(0, 100));
    await executor.submit(key, ARTIFACT);
    expect(readFileSync(path)).toEqual(bytes);
    await started();
    expect(read("worker")).toBe(`${path}\n`);
    write("finish", "0");
    await exited(0);
  });

  test.skipIf(whyNoSshd)(
    `the same over ssh${whyNoSshd ? ` (${whyNoSshd})` : ""}`,
    async () => {
      const { host, remove, ssh } = await startSshd();
      try {
        const far = open({ run: createRunner({ host, ssh }) });
        settings = { ...usual, partition: "train", extraOptions: ["--mem=0"] };
        expect(await far.submit(key, ARTIFACT)).toEqual({ kind: "accepted" });
        await started();
        expect((await far.list()).get(key)).toEqual({ kind: "running" });
        await far.cancel(key);
        await exited(75, far);
        expect(logText(await far.logs(key, { bytes: 4000 }))).toContain("worker of east from");
      } finally {
        await remove();
      }
      await expect(open({ run: createRunner({ host, ssh }) }).list()).rejects.toThrow("ssh to cluster");
    },
    60_000,
  );
});
