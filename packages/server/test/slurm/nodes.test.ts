// A region's part of a job on several nodes of a real cluster: the real worker trains over them, and ranks, signals and
// nodes are lost.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Client, createClient, type Service, startService } from "../../src/index.ts";
import { python, whyNoPython } from "../support/python.ts";
import { jobText } from "../support/service.ts";
import { processesIn, startClusters, type TestClusters, whyNoSlurm } from "../support/slurm.ts";

const ROOT = resolve(import.meta.dirname, "../../../..");
const why = whyNoSlurm ?? whyNoPython;
const PATIENCE = { timeout: 150_000, interval: 250 };

describe.skipIf(why)(`training on several nodes of a Slurm cluster${why ? ` (${why})` : ""}`, () => {
  let folder: string;
  let clusters: TestClusters;
  let service: Service;
  let client: Client;

  const scenario = () => `
version: 1
name: three-nodes
gpuTypes:
  slot: {peakFlopsPerSecond: 2e9, memoryBytes: 1 GB, busyWatts: 300 W, idleWatts: 30 W, emulated: true}
regions:
  - {name: east, gpuType: slot, gpus: 6, priceUsdPerKwh: 0.10, slurm: ${JSON.stringify({
    ...{ folder: join(clusters.folder, "shared"), python, gpuGres: "gpu:h100", gpusPerNode: 2 },
    configurationFile: clusters.configurationOf("east"),
  })}}
links: []
efficiency: 1
`;
  const launchOf = (key: string) => join(clusters.folder, "shared", "launches", key);
  const reaches = (name: string, shape: object) =>
    vi.waitFor(async () => expect(await client.job(name)).toMatchObject(shape), PATIENCE);
  const endOf = (key: string) =>
    JSON.parse(readFileSync(join(launchOf(key), "exit.json"), "utf8")) as {
      exitCode: number;
      ranks: { rank: number; exitCode: number; signal: string | null }[];
    };
  const ended = (key: string) =>
    vi.waitFor(() => expect(existsSync(join(launchOf(key), "exit.json"))).toBe(true), PATIENCE);
  /** Of ranks, not of what has started them. */
  const rankPids = (key: string) =>
    processesIn(launchOf(key), "rank").filter(
      (pid) => readFileSync(`/proc/${pid}/comm`, "utf8").trim() !== "srun",
    );
  const environmentOf = (pid: number) =>
    new Map(
      readFileSync(`/proc/${pid}/environ`, "utf8")
        .split("\0")
        .map((line) => [line.split("=")[0]!, line.slice(line.indexOf("=") + 1)]),
    );
  /** Node and GPU of every rank. */
  const places = (key: string) =>
    rankPids(key)
      .map((pid) => {
        const environment = environmentOf(pid);
        return `${environment.get("SLURMD_NODENAME")}:${environment.get("CUDA_VISIBLE_DEVICES")}`;
      })
      .sort();
  const squeue = (key: string, format: string) =>
    clusters.client("east", "squeue", "-h", "-t", "all", `--name=bace-${key}`, "-o", format).trim();
  const nothingLeft = (key: string) =>
    vi.waitFor(() => {
      expect(processesIn(launchOf(key), "rank")).toEqual([]);
      expect(processesIn(launchOf(key), "launch")).toEqual([]);
      expect(["COMPLETED", "FAILED", "CANCELLED", "NODE_FAIL"]).toContain(squeue(key, "%T"));
    }, PATIENCE);
  const submit = (name: string, iterations = 100_000) => {
    const text = jobText(name, { gpus: 3, iterations });
    return client.submit({ file: "job.yaml", text, directory: folder });
  };
  /** Key of a launch that has done a step. */
  const trains = async (name: string, epoch: number) => {
    await reaches(name, { phase: "running", epoch });
    const { step } = await client.job(name);
    await vi.waitFor(async () => expect((await client.job(name)).step).toBeGreaterThan(step), PATIENCE);
    return `${name}.${epoch}.east`;
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "bace-slurm-nodes-"));
    mkdirSync(join(folder, "texts"));
    writeFileSync(join(folder, "texts", "a.md"), "The quick brown fox jumps over the lazy dog. ".repeat(200));
    clusters = await startClusters([
      { name: "east", nodes: 3, gpus_per_node: 2, slurmd_timeout_seconds: 10 },
    ]);
    service = await startService({
      ...{ stateDirectory: join(folder, "state"), python: "/nowhere", workerDirectory: join(ROOT, "worker") },
      ...{ scenario: { file: "three-nodes.yaml", text: scenario() }, open: true, logLevel: "silent" },
      rendezvousDeadlineSeconds: 150,
    });
    client = createClient(service.url);
  }, 120_000);
  afterAll(async () => {
    await service?.close();
    await clusters?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  test("a job is trained to its end by one Slurm job with a step per rank", async () => {
    await submit("trained", 3);
    await reaches("trained", { phase: "ended", outcome: "finished", step: 3, epoch: 1 });
    const finished = (rank: number) => ({ rank, exitCode: 0, signal: null });
    expect(endOf("trained.1.east")).toEqual({ exitCode: 0, ranks: [0, 1, 2].map(finished) });
    expect(squeue("trained.1.east", "%D %T")).toBe("2 COMPLETED");
  }, 160_000);

  test("each rank has a GPU of its own, neighbours share a node, and one that is killed ends the launch", async () => {
    await submit("lossy");
    const key = await trains("lossy", 1);
    expect(places(key)).toEqual(["n1:0", "n1:1", "n2:0"]);
    expect(squeue(key, "%D %N")).toBe("2 n[1-2]");
    const victim = rankPids(key).find((pid) => environmentOf(pid).get("SLURMD_NODENAME") === "n2");
    process.kill(victim!, "SIGKILL");
    await ended(key);
    expect(endOf(key).ranks).toContainEqual({ rank: 2, exitCode: 137, signal: "SIGKILL" });
    expect(endOf(key).ranks.map(({ exitCode }) => exitCode)).not.toContain(0);
    await nothingLeft(key);
  }, 200_000);

  test("a supervisor that is killed takes the ranks on all nodes with it", async () => {
    const key = await trains("lossy", 2);
    const [supervisor] = processesIn(launchOf(key), "launch");
    process.kill(supervisor!, "SIGKILL");
    await nothingLeft(key);
    await ended(key);
    expect(endOf(key).exitCode).toBe(-1);
  }, 200_000);

  test("a daemon of a step that is killed takes its rank with it, and that the launch", async () => {
    const key = await trains("lossy", 3);
    const rank = rankPids(key).find((pid) => environmentOf(pid).get("SLURMD_NODENAME") === "n2")!;
    const parent = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${rank}/status`, "utf8"))![1];
    process.kill(Number(parent), "SIGKILL");
    await ended(key);
    await nothingLeft(key);
    await client.cancel("lossy");
    await reaches("lossy", { phase: "ended", outcome: "cancelled" });
  }, 200_000);

  test("a node that is gone costs an epoch, and the next one is on the others", async () => {
    await submit("moving");
    const key = await trains("moving", 1);
    await clusters.node("east", "n2", "kill-node");
    await ended(key);
    expect(endOf(key).exitCode).not.toBe(0);
    expect(endOf(key).ranks.map(({ exitCode }) => exitCode)).not.toContain(0);
    const next = await trains("moving", 2);
    expect(places(next)).toEqual(["n1:0", "n1:1", "n3:0"]);
    await nothingLeft(key);
  }, 300_000);

  test("so does the node of the supervisor itself", async () => {
    const key = "moving.2.east";
    await clusters.node("east", "n2", "start-node");
    await clusters.node("east", "n1", "kill-node");
    await vi.waitFor(() => expect(squeue(key, "%T")).toBe("NODE_FAIL"), PATIENCE);
    const next = await trains("moving", 3);
    expect(places(next)).toEqual(["n2:0", "n2:1", "n3:0"]);
    await nothingLeft(key);
  }, 300_000);

  test("what stops the batch script stops all ranks in good order", async () => {
    const key = "moving.3.east";
    clusters.client("east", "scancel", "--batch", "--signal=TERM", squeue(key, "%A"));
    await ended(key);
    const stopped = (rank: number) => ({ rank, exitCode: 75, signal: null });
    expect(endOf(key)).toEqual({ exitCode: 75, ranks: [0, 1, 2].map(stopped) });
    await nothingLeft(key);
  }, 200_000);

  test("so does the end of the job", async () => {
    const key = await trains("moving", 4);
    await client.cancel("moving");
    await reaches("moving", { phase: "ended", outcome: "cancelled" });
    expect([75, 76]).toContain(endOf(key).exitCode);
    await nothingLeft(key);
  }, 200_000);
});
