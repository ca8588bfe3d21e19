// `bace check` at real Slurm clusters of the lab: healthy, and broken in one way each.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { python, whyNoPython } from "../../../server/test/support/python.ts";
import { startClusters, type TestClusters, whyNoSlurm } from "../../../server/test/support/slurm.ts";
import { bace } from "../support/recorder.ts";

const why = whyNoSlurm ?? whyNoPython;

interface Finding {
  readonly check: string;
  readonly level: string;
  readonly finding: string;
  readonly mend: string | null;
}

describe.skipIf(why)(`before the first job, on two Slurm clusters${why ? ` (${why})` : ""}`, () => {
  let folder: string;
  let clusters: TestClusters;
  let service: Server;
  let url: string;

  const slurmOf = (name: string, over: object = {}) => ({
    ...{ folder: join(clusters.folder, `shared-${name}`), python, gpuGres: "gpu:h100" },
    ...{ configurationFile: clusters.configurationOf(name), ...over },
  });
  const fleetFile = (east: object = {}, gpus = 4): string => {
    const file = join(folder, "fleet.yaml");
    const gpuTypes = {
      slot: { peakFlopsPerSecond: 2e9, memoryBytes: 1e9, busyWatts: 300, idleWatts: 30, emulated: true },
    };
    const region = (name: string, count: number, slurm: object) => ({
      ...{ name, gpuType: "slot", gpus: count, priceUsdPerKwh: 0.1, slurm },
    });
    const link = { from: "east", to: "west", both: true, bandwidthBitsPerSecond: 1e9, latencySeconds: 0.01 };
    const regions = [region("east", gpus, slurmOf("east", east)), region("west", 4, slurmOf("west"))];
    writeFileSync(file, JSON.stringify({ version: 1, name: "lab", gpuTypes, regions, links: [link] }));
    return file;
  };
  const check = async (file: string, ...flags: string[]) => {
    const run = await bace(["check", "--fleet", file, "--advertise", url, "--json", ...flags], { folder });
    const value = JSON.parse(run.out) as {
      regions: { region: string; findings: Finding[] }[];
      problems: number;
      warnings: number;
    };
    const of = (region: string, name: string) =>
      value.regions
        .find((each) => each.region === region)!
        .findings.filter(({ check: each }) => each === name)
        .map(({ finding, level, mend }) => `${level}: ${finding}${mend ? ` — ${mend}` : ""}`);
    return { ...run, value, of };
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "bace-check-test-"));
    clusters = await startClusters([{ name: "east" }, { name: "west", nodes: 2, gpus_per_node: 4 }]);
    for (const name of ["east", "west"]) mkdirSync(join(clusters.folder, `shared-${name}`));
    service = createServer((_, response) => response.end("ok"));
    await new Promise<void>((resolve) => service.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  }, 60_000);
  afterAll(async () => {
    service?.close();
    await clusters?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  test("healthy clusters, seen from their nodes: nothing to mend, and nothing left behind", async () => {
    const { err, exitCode, of, value } = await check(fleetFile(), "--jobs");
    expect(value).toMatchObject({ fleet: "lab", problems: 0, warnings: 0 });
    expect(exitCode).toBe(0);
    expect(err).toContain("east: a job …");
    expect(of("east", "gpus")).toEqual([
      "ok: 4 of gpu:h100 on nodes that start jobs, of 4 in the fleet's file",
    ]);
    expect(of("west", "gpus")).toEqual([
      "ok: 8 of gpu:h100 on nodes that start jobs, of 4 in the fleet's file",
    ]);
    expect(of("east", "torch")[0]).toMatch(/^ok: \d.* on a node of east$/);
    expect(of("east", "network")[0]).toMatch(/^ok: a node of east reaches west in /);
    expect(of("west", "network")[0]).toMatch(/^ok: a node of west reaches east in /);
    expect(of("east", "service")[0]).toMatch(/^ok: a node of east reaches http:\/\/127\.0\.0\.1:/);
    for (const name of ["east", "west"]) {
      expect(readdirSync(join(clusters.folder, `shared-${name}`))).toEqual([]);
      expect(clusters.client(name, "squeue", "-h", "-t", "PENDING,RUNNING", "-o", "%j")).toBe("");
    }
  }, 240_000);

  test("without jobs it is the login host that is looked at, and no job is there", async () => {
    const { exitCode, of } = await check(fleetFile());
    expect(exitCode).toBe(0);
    expect(of("east", "node")).toEqual([
      "not looked at: no job was submitted — bace check --jobs looks from a node, too",
    ]);
    expect(of("east", "python")[0]).toMatch(/^ok: .* on this machine$/);
    expect(of("west", "network")[0]).toMatch(/^ok: this machine reaches east in /);
    expect(
      clusters.client("east", "squeue", "-h", "-t", "all", "-o", "%j").split("\n").filter(Boolean),
    ).toHaveLength(1);
  }, 240_000);

  test("a partition that is not there, GPUs of another kind, more than a node has", async () => {
    const nowhere = await check(fleetFile({ partition: "nowhere" }), "--region", "east");
    expect(nowhere.exitCode).toBe(1);
    expect(nowhere.of("east", "gpus")).toEqual([
      "problem: there are no nodes in nowhere — correct partition or constraint in the fleet's file; there are train",
    ]);
    expect(nowhere.of("east", "words")[0]).toMatch(
      /^problem: a job is refused: .*nvalid partition.* — correct partition: nowhere/,
    );
    const other = await check(fleetFile({ gpuGres: "gpu:a100" }), "--region", "east");
    expect(other.of("east", "gpus")).toEqual([
      "problem: 0 of gpu:a100 on nodes that start jobs, of 4 in the fleet's file — correct gpuGres: the nodes have gpu:h100",
    ]);
    expect(other.of("east", "words")[0]).toMatch(/^problem: a job is refused: .* — /);
    const many = await check(fleetFile({}, 6), "--region", "east");
    expect(many.of("east", "gpus")).toEqual([
      "problem: 4 of gpu:h100 on nodes that start jobs, of 6 in the fleet's file; 4 in all — write gpus: 4 in the fleet's file",
    ]);
    expect(many.of("east", "words")[0]).toMatch(/^warning: a job on all 6 GPUs at once is refused: /);
  }, 240_000);

  test("a node that was drained is named with the reason, and its GPUs are missed", async () => {
    clusters.client("east", "scontrol", "update", "nodename=n1", "state=drain", "reason=broken-fan");
    try {
      const { exitCode, of } = await check(fleetFile(), "--region", "east");
      expect(exitCode).toBe(1);
      expect(of("east", "nodes")).toEqual([
        "warning: 1 of 1 start no jobs: n1 drained (broken-fan) — scontrol update nodename=n1 state=resume, when it is sound again",
      ]);
      expect(of("east", "gpus")[0]).toMatch(/^problem: 0 of gpu:h100 .* — bring the nodes back/);
    } finally {
      clusters.client("east", "scontrol", "update", "nodename=n1", "state=resume");
    }
  }, 240_000);

  test("a folder that is not there, and a Python without PyTorch or that is not there", async () => {
    const missing = join(clusters.folder, "nowhere");
    const noFolder = await check(fleetFile({ folder: missing }), "--region", "east");
    expect(noFolder.of("east", "folder")).toEqual([
      `problem: there is no folder ${missing} on this machine — make it on a file system that the nodes share: mkdir -m 700 ${missing}`,
    ]);
    expect(existsSync(missing)).toBe(false);
    const bare = join(folder, "bare-python");
    mkdirSync(join(folder, "instead"));
    writeFileSync(join(folder, "instead", "torch.py"), "raise ModuleNotFoundError('no torch here')\n");
    const path = `PYTHONPATH=${join(folder, "instead")}`;
    writeFileSync(bare, `#!/bin/sh\n${path} exec ${python} "$@"\n`, { mode: 0o755 });
    const noTorch = await check(fleetFile({ python: bare }), "--region", "east", "--jobs");
    expect(noTorch.exitCode).toBe(1);
    expect(noTorch.of("east", "torch")[0]).toMatch(
      /^problem: on a node of east: .* has no torch: ModuleNotFoundError.* — install it there/,
    );
    const noPython = await check(fleetFile({ python: "/nowhere/python" }), "--region", "east", "--jobs");
    expect(noPython.of("east", "python")[0]).toMatch(/^problem: on a node of east: .*\/nowhere\/python/);
  }, 240_000);
});
