// kill -9 of the service while PyTorch trains: started again, it adopts what runs; nothing is lost, nothing runs twice.
// The real command line, database, executor and worker; GPU speed, link rate and delay are emulated.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createClient, type JobView } from "@bace-pipe/server";
import { afterEach, beforeEach, expect, it } from "vitest";

const BACE = fileURLToPath(new URL("../bin/bace.mjs", import.meta.url));

/** Two regions, three slots: two jobs run, one over both regions, and the third waits. */
const FLEET = `version: 1
name: crash-test
gpuTypes:
  slot: {peakFlopsPerSecond: 2e9, memoryBytes: 1 GB, busyWatts: 300 W, idleWatts: 30 W, emulated: true}
regions:
  - {name: east, gpuType: slot, gpus: 2, priceUsdPerKwh: 0.1}
  - {name: west, gpuType: slot, gpus: 1, priceUsdPerKwh: 0.2}
links:
  - {from: east, to: west, both: true, bandwidthBitsPerSecond: 1 Gbit/s, latencySeconds: 5 ms}
`;
const JOBS = `jobs:
${["pooled", "waits"]
  .map(
    (name) => `  - name: ${name}
    model: tiny-byte
    efficiency: 0.4
    sequenceLength: 64
    microbatchSize: 2
    microbatches: 4
    iterations: 16
    minGpus: 3
    maxGpus: 3
    training: {learningRate: 3e-3, data: {paths: [text.md]}}
`,
  )
  .join("")}`;

let folder: string;
let service: ChildProcess;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bace-crash-"));
  writeFileSync(join(folder, "fleet.yaml"), FLEET);
  writeFileSync(
    join(folder, "text.md"),
    "All happy pipelines are alike; each stalled one is stalled in its own way.\n".repeat(200),
  );
});

afterEach(async () => {
  await kill("SIGTERM");
  for (const pid of supervisors().values()) if (isAlive(pid)) process.kill(pid, "SIGTERM");
  rmSync(folder, { recursive: true, force: true });
});

it("adopts running jobs after kill -9", { timeout: 180_000 }, async () => {
  let client = await up();
  await client.submit({ file: "jobs.yaml", text: JOBS, directory: folder });
  await until(client, ({ pooled }) => pooled!.step >= 3);
  const before = supervisors();
  expect(before.size).toBe(2); // one launch per region
  const regions = await client.regions();

  await kill("SIGKILL");
  await sleep(1500); // ranks go on meanwhile, and report in vain
  expect([...before.values()].every(isAlive)).toBe(true);
  client = await up();

  // What was decided is as it was: placement, reservations, and the same processes.
  expect((await client.regions()).regions).toEqual(regions.regions);
  const jobs = await until(
    client,
    ({ pooled, waits }) => pooled!.phase === "ended" && waits!.phase === "ended",
  );
  for (const name of ["pooled", "waits"]) {
    const job = jobs[name]!;
    expect(job).toMatchObject({ outcome: "finished", epoch: 1, step: 16 });
    expect(job.lastLoss!).toBeLessThan(job.firstLoss!);
  }
  const launches = [...supervisors().keys()].sort();
  expect(launches).toEqual(["pooled.1.east", "pooled.1.west", "waits.1.east", "waits.1.west"]);
  for (const [key, pid] of before) expect(supervisors().get(key)).toBe(pid);
  const { decisions } = await client.decisions();
  expect(decisions.map(({ kind, jobId, epoch }) => [kind, jobId, epoch])).toEqual([
    ["placed", "pooled", 1],
    ["placed", "waits", 1],
  ]);
});

/** Starts the service and waits until it answers. */
async function up() {
  service = spawn(
    process.execPath,
    [BACE, "up", "--state", join(folder, "state"), "--fleet", join(folder, "fleet.yaml")],
    {
      stdio: ["ignore", "ignore", "inherit"],
    },
  );
  for (;;) {
    if (service.exitCode !== null) throw new Error(`the service ended with ${service.exitCode}`);
    const file = read<{ pid: number; url: string }>(join(folder, "state/service.json"));
    if (file && file.pid === service.pid && (await fetch(`${file.url}/healthz`).catch(() => undefined))?.ok) {
      const token = readFileSync(join(folder, "state/admin.token"), "utf8").trim();
      return createClient(file.url, fetch, token);
    }
    await sleep(100);
  }
}

async function kill(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
  if (service.exitCode !== null || service.signalCode !== null) return;
  const ended = new Promise((resolve) => service.once("exit", resolve));
  service.kill(signal);
  await ended;
}

async function until(
  client: ReturnType<typeof createClient>,
  holds: (jobs: Readonly<Record<string, JobView>>) => boolean,
): Promise<Readonly<Record<string, JobView>>> {
  for (;;) {
    const { jobs } = await client.jobs();
    const byId = Object.fromEntries(jobs.map((job) => [job.id, job]));
    if (holds(byId)) return byId;
    const failed = jobs.find(({ outcome }) => outcome === "failed");
    if (failed) throw new Error(`${failed.id}: ${failed.reason}`);
    await sleep(200);
  }
}

/** Pid of the supervisor of each launch that has started. */
function supervisors(): Map<string, number> {
  const launches = join(folder, "state/launches");
  const keys = readdirSync(launches, { withFileTypes: true }).map(({ name }) => name);
  return new Map(
    keys.flatMap((key): [string, number][] => {
      const started = read<{ pid: number }>(join(launches, key, "started.json"));
      return started ? [[key, started.pid]] : [];
    }),
  );
}

function read<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as T;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
