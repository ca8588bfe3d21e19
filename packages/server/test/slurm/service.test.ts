// The whole of it: a service, two real Slurm clusters that know nothing of each other, and the real worker, which trains a
// small model over both.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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

describe.skipIf(why)(`training on two Slurm clusters${why ? ` (${why})` : ""}`, () => {
  let folder: string;
  let clusters: TestClusters;
  let service: Service;
  let client: Client;

  const slurmOf = (name: string) =>
    JSON.stringify({
      ...{ folder: join(clusters.folder, `shared-${name}`), python, gpuGres: "gpu:h100" },
      configurationFile: clusters.configurationOf(name),
    });
  const scenario = () => `
version: 1
name: two-clusters
gpuTypes:
  slot: {peakFlopsPerSecond: 2e9, memoryBytes: 1 GB, busyWatts: 300 W, idleWatts: 30 W, emulated: true}
regions:
  - {name: east, gpuType: slot, gpus: 1, priceUsdPerKwh: 0.10, slurm: ${slurmOf("east")}}
  - {name: west, gpuType: slot, gpus: 1, priceUsdPerKwh: 0.20, slurm: ${slurmOf("west")}}
links:
  - {from: east, to: west, both: true, bandwidthBitsPerSecond: 1 Gbit/s, latencySeconds: 1 ms}
efficiency: 1
`;
  const launchOf = (key: string) =>
    join(clusters.folder, `shared-${key.slice(key.lastIndexOf(".") + 1)}`, "launches", key);
  const submit = (name: string, iterations: number) =>
    client.submit({ file: "job.yaml", text: jobText(name, { gpus: 2, iterations }), directory: folder });
  const reaches = (name: string, shape: object) =>
    vi.waitFor(async () => expect(await client.job(name)).toMatchObject(shape), PATIENCE);
  const exitCodeOf = (key: string): unknown =>
    (JSON.parse(readFileSync(join(launchOf(key), "exit.json"), "utf8")) as { exitCode: unknown }).exitCode;
  /** Names of jobs that Slurm has had, by cluster. */
  const jobsOf = (name: string) =>
    clusters.client(name, "squeue", "-h", "-t", "all", "-o", "%j").trim().split("\n").sort();

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "bace-slurm-service-"));
    mkdirSync(join(folder, "texts"));
    writeFileSync(join(folder, "texts", "a.md"), "The quick brown fox jumps over the lazy dog. ".repeat(200));
    clusters = await startClusters([
      { name: "east", gpus_per_node: 1 },
      { name: "west", gpus_per_node: 1 },
    ]);
    service = await startService({
      ...{ stateDirectory: join(folder, "state"), python: "/nowhere", workerDirectory: join(ROOT, "worker") },
      ...{ scenario: { file: "two-clusters.yaml", text: scenario() }, open: true, logLevel: "silent" },
      rendezvousDeadlineSeconds: 150,
    });
    client = createClient(service.url);
  }, 120_000);
  afterAll(async () => {
    await service?.close();
    await clusters?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  test("a job is trained to its end by one Slurm job per region", async () => {
    await submit("trained", 3);
    await reaches("trained", { phase: "ended", outcome: "finished", step: 3, epoch: 1 });
    expect(jobsOf("east")).toEqual(["bace-trained.1.east"]);
    expect(jobsOf("west")).toEqual(["bace-trained.1.west"]);
    expect(exitCodeOf("trained.1.east")).toBe(0);
  }, 160_000);

  test("a worker that is killed costs an epoch; a controller that restarts costs nothing; a cancelled job ends with 75", async () => {
    await submit("long", 100_000);
    await reaches("long", { phase: "running", epoch: 1 });
    const [supervisor] = processesIn(launchOf("long.1.east"), "launch");
    process.kill(supervisor!, "SIGKILL");
    await reaches("long", { phase: "running", epoch: 2 });
    await clusters.controller("west", "restart");
    const { step } = await client.job("long");
    await vi.waitFor(async () => expect((await client.job("long")).step).toBeGreaterThan(step), PATIENCE);
    expect(await client.job("long")).toMatchObject({ phase: "running", epoch: 2 });
    await client.cancel("long");
    await reaches("long", { phase: "ended", outcome: "cancelled" });
    for (const region of ["east", "west"]) {
      expect([75, 76]).toContain(exitCodeOf(`long.2.${region}`));
      expect(jobsOf(region).filter((name) => name.startsWith("bace-long"))).toEqual([
        `bace-long.1.${region}`,
        `bace-long.2.${region}`,
      ]);
    }
  }, 300_000);
});
