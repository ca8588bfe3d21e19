// A real Slurm cluster asked by a real slurmrestd, and a worker in a few lines of Python that keeps the worker's contract.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Plan, SlurmSettings } from "@bace-pipe/core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { Executor } from "../../src/executors/executor.ts";
import { jobsByRest } from "../../src/executors/slurm/by-rest.ts";
import { createSlurmExecutor } from "../../src/executors/slurm/executor.ts";
import { countGpus, nodesOf } from "../../src/executors/slurm/nodes.ts";
import { createRestClient } from "../../src/executors/slurm/rest-client.ts";
import { nodesByRest } from "../../src/executors/slurm/rest-nodes.ts";
import { createRunner } from "../../src/executors/slurm/runner.ts";
import { workerArchive } from "../../src/executors/slurm/worker-archive.ts";
import { startClusters, type TestClusters, whyNoSlurm } from "../support/slurm.ts";
import { startSlurmrestd, type TestSlurmrestd, whyNoSlurmrestd } from "../support/slurmrestd.ts";

/** Ends when `finish` says with which code, or by SIGUSR1 with 75. With --steps it asks each node for its name. */
const WORKER = `
import json, os, pathlib, signal, subprocess, sys, time
folder = pathlib.Path(sys.argv[sys.argv.index("--directory") + 1])
def finish(code):
    (folder / "exit.json.tmp").write_text(json.dumps({"exitCode": code, "ranks": []}))
    (folder / "exit.json.tmp").rename(folder / "exit.json")
    sys.exit(code)
signal.signal(signal.SIGUSR1, lambda *_: finish(75))
names = ("SLURM_TASKS_PER_NODE", "SLURM_GPUS_PER_TASK", "CUDA_VISIBLE_DEVICES")
found = {name: os.environ.get(name) for name in names}
if "--steps" in sys.argv:
    step = ["srun", "--export=ALL", "--exact", "--nodes=1", "--ntasks=1", "--mem=0"]
    ask = ["sh", "-c", "echo $SLURMD_NODENAME $CUDA_VISIBLE_DEVICES"]
    found["steps"] = [
        subprocess.check_output([*step, "--gpus-per-task=h100:1", f"--relative={node}", *ask], text=True).strip()
        for node in (0, 1)
    ]
(folder / "starts.tmp").write_text(json.dumps(found))
(folder / "starts.tmp").rename(folder / "starts")
while not ((folder / "finish").exists() and (folder / "finish").read_text()):
    time.sleep(0.02)
finish(int((folder / "finish").read_text()))
`;
const planOf = (ranks: number) =>
  ({ version: 1, checkpoint: null, ranks: Array(ranks).fill({ region: "east" }) }) as unknown as Plan;
const artifactOf = (ranks: number) => ({ region: "east", plan: planOf(ranks) });
const PATIENCE = { timeout: 30_000, interval: 100 };
const why = whyNoSlurm ?? whyNoSlurmrestd;

describe.skipIf(why)(`on a Slurm cluster, by slurmrestd${why ? ` (${why})` : ""}`, () => {
  let clusters: TestClusters;
  let daemon: TestSlurmrestd;
  let settings: SlurmSettings;
  let executor: Executor;
  let number = 0;
  let key: string;

  const open = () =>
    createSlurmExecutor({
      settingsOf: (region) => (region === "east" ? settings : undefined),
      ...{
        folder: settings.folder,
        run: createRunner({}),
        pollSeconds: 0,
        exitGraceSeconds: 1,
        lateSeconds: 2,
      },
      jobs: jobsByRest({
        ask: createRestClient({ user: "root", socket: daemon.socket }),
        ...{ user: "root", launches: `${settings.folder}/launches` },
      }),
      worker: () => workerArchive(join(clusters.folder, "sources")),
    });
  const at = (name: string) => join(settings.folder, "launches", key, name);
  const started = async () => {
    await vi.waitFor(() => expect(existsSync(at("starts"))).toBe(true), PATIENCE);
    return JSON.parse(readFileSync(at("starts"), "utf8")) as object;
  };
  const exited = (exitCode: number) =>
    vi.waitFor(async () => expect(await executor.find(key)).toEqual({ kind: "exited", exitCode }), PATIENCE);

  beforeAll(async () => {
    clusters = await startClusters([{ name: "lab", nodes: 2, gpus_per_node: 2 }]);
    const sources = join(clusters.folder, "sources", "bace_worker");
    mkdirSync(sources, { recursive: true });
    writeFileSync(join(sources, "__init__.py"), "");
    writeFileSync(join(sources, "__main__.py"), WORKER);
    daemon = await startSlurmrestd(clusters, "lab");
  }, 60_000);
  afterAll(async () => {
    await daemon?.stop();
    await clusters?.remove();
  });
  beforeEach(() => {
    settings = {
      ...{ folder: join(clusters.folder, "shared"), python: "/usr/bin/python3", gpuGres: "gpu:h100" },
      ...{ gpusPerNode: 2, extraOptions: ["--time=1:00:00", "--mem=0"] },
    };
    executor = open();
    key = `job.${++number}.east`;
  });
  afterEach(() => {
    clusters.client("lab", "scancel", "--me");
  });

  test("a launch is submitted once, adopted, and known by its exit code", async () => {
    expect(await executor.find(key)).toEqual({ kind: "absent" });
    expect(await executor.submit(key, artifactOf(2))).toEqual({ kind: "accepted" });
    expect(await executor.submit(key, artifactOf(2))).toEqual({ kind: "exists" });
    expect(await started()).toMatchObject({ CUDA_VISIBLE_DEVICES: "0,1" });
    expect(await open().list()).toEqual(new Map([[key, { kind: "running" }]]));
    expect(clusters.client("lab", "squeue", "-h", "-o", "%j %k %l")).toBe(`bace-${key} ${key} 1:00:00\n`);
    expect(clusters.client("lab", "scontrol", "show", "job")).toContain("Requeue=0");
    writeFileSync(at("finish"), "69");
    await exited(69);
  }, 60_000);

  test("one that is cancelled ends in good order; one that waits never starts", async () => {
    await executor.submit(key, artifactOf(4));
    await started();
    const running = key;
    key = `job.${++number}.east`;
    await executor.submit(key, artifactOf(1));
    expect(clusters.client("lab", "squeue", "-h", "-t", "PENDING", "-o", "%j")).toBe(`bace-${key}\n`);
    await executor.cancel(key);
    await exited(75);
    expect(existsSync(at("starts"))).toBe(false);
    key = running;
    await executor.cancel(key);
    await exited(75);
    expect(JSON.parse(readFileSync(at("exit.json"), "utf8"))).toMatchObject({ exitCode: 75 });
  }, 60_000);

  test("over several nodes each step finds its node and its GPU", async () => {
    await executor.submit(key, artifactOf(3));
    expect(await started()).toMatchObject({
      ...{ SLURM_TASKS_PER_NODE: "2,1", SLURM_GPUS_PER_TASK: "h100:1" },
      steps: ["n1 0", "n2 0"],
    });
    await executor.cancel(key);
    await exited(75);
  }, 60_000);

  test("what the cluster does not have is refused for good", async () => {
    const submitTo = (over: Partial<SlurmSettings>) => {
      settings = { ...settings, ...over };
      return executor.submit(key, artifactOf(1));
    };
    const rejected = (reason: string) => ({ kind: "rejected", reason: expect.stringContaining(reason) });
    expect(await submitTo({ gpuGres: "gpu:a100" })).toEqual(rejected("node configuration is not available"));
    expect(await submitTo({ constraint: "a&b" })).toEqual(rejected("Invalid feature"));
    expect(await submitTo({ partition: "nowhere" })).toEqual(rejected("Invalid partition"));
    expect(await executor.find(key)).toEqual({ kind: "absent" });
  });

  test("it has the same words for nodes as sinfo, whatever they do", async () => {
    const ask = createRestClient({ user: "root", socket: daemon.socket });
    const conf = clusters.configurationOf("lab");
    clusters.client("lab", "scontrol", "update", "nodename=n2", "state=drain", "reason=fan|2");
    try {
      const nodes = await nodesByRest(ask);
      expect(nodes).toEqual(await nodesOf(createRunner({}), conf));
      expect(countGpus(nodes, settings)).toEqual({ usable: 2, there: 4 });
    } finally {
      clusters.client("lab", "scontrol", "update", "nodename=n2", "state=resume");
    }
  }, 60_000);

  test("while the controller or the daemon is away nothing is concluded; both come back to the same job", async () => {
    await executor.submit(key, artifactOf(1));
    await started();
    await clusters.controller("lab", "stop");
    await expect(executor.list()).rejects.toThrow("slurmrestd");
    await clusters.controller("lab", "start");
    await daemon.stop();
    await expect(executor.find(key)).rejects.toThrow("slurmrestd: ECONNREFUSED");
    daemon = await startSlurmrestd(clusters, "lab");
    await vi.waitFor(async () => expect(await executor.find(key)).toEqual({ kind: "running" }), PATIENCE);
    writeFileSync(at("finish"), "0");
    await exited(0);
  }, 90_000);
});
