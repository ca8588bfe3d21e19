// Findings of `bace check` about what Slurm takes for a job, by sbatch and by its REST daemon.

import type { AskRest } from "@bace-pipe/server/slurm";
import { describe, expect, test } from "vitest";
import { checkFolder } from "../../src/check/files.ts";
import { nodeHost } from "../../src/check/slurm/node.ts";
import { daemon } from "../../src/check/slurm/rest.ts";
import { words } from "../../src/check/slurm/words.ts";
import { cluster, line, REGION, SETTINGS, said, silent } from "./said.ts";

describe("the words of a launch, as sbatch --test-only takes them", () => {
  const later = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString().slice(0, 19);
  const startsIn = (seconds: number) =>
    said("", 0, `sbatch: Job 7 to start at ${later(seconds)} using 8 processors on nodes n1`);

  test("are the executor's, for one GPU and for all", async () => {
    const asked: (readonly string[])[] = [];
    const sbatch = (all: readonly string[]) => {
      asked.push(all);
      return startsIn(0);
    };
    const settings = { ...SETTINGS, partition: "train", extraOptions: ["--mem=0"] };
    const finding = await words(cluster({ sbatch }, settings), { ...REGION, slurm: settings });
    expect(line(finding)).toBe("ok: sbatch takes jobs of 1 and of 8 GPUs (train)");
    expect(asked.map((all) => all.find((word) => word.startsWith("--gres")))).toEqual([
      "--gres=gpu:h100:1",
      "--gres=gpu:h100:8",
    ]);
    for (const all of asked)
      expect(all).toEqual(expect.arrayContaining(["--test-only", "--partition=train", "--mem=0"]));
  });

  test.each([
    ["sbatch: error: invalid partition specified: nowhere", "correct partition"],
    ["allocation failure: Invalid account or account/partition combination specified", "correct account"],
    ["allocation failure: Invalid qos specification", "correct qos"],
    ["allocation failure: Invalid feature specification", "correct constraint"],
    ["sbatch: error: Invalid generic resource (gres) specification", "correct gpuGres"],
    ["allocation failure: Requested time limit is invalid (missing or exceeds some limit)", "--time"],
    ["sbatch: unrecognized option '--nonsense'", "extraOptions"],
    ["allocation failure: User's group not permitted to use this partition", "right"],
    ["allocation failure: Requested node configuration is not available", "cpusPerGpu"],
    ["sbatch: what nobody has seen", "by hand"],
  ])("%s", async (stderr, mend) => {
    const finding = await words(cluster({ sbatch: said("", 1, stderr) }), REGION);
    expect(finding).toMatchObject({
      level: "problem",
      finding: expect.stringContaining("a job is refused: "),
    });
    expect(finding.mend).toContain(mend);
  });

  test("a region that is larger than one job gets, and one that is full", async () => {
    const sbatch = (all: readonly string[]) =>
      all.includes("--gres=gpu:h100:8")
        ? said("", 1, "allocation failure: Requested node configuration is not available")
        : startsIn(0);
    expect(line(await words(cluster({ sbatch }), REGION))).toMatch(
      /^warning: a job on all 8 GPUs at once is refused/,
    );
    expect(line(await words(cluster({ sbatch: startsIn(7200) }), REGION))).toMatch(
      /^warning: .* would start one in 1\d\d min only/,
    );
  });
});

describe("Slurm's REST daemon", () => {
  const REST = { url: "http://slurm:6820", user: "bace", tokenFile: "/etc/token" };
  const found = async (answer: Awaited<ReturnType<AskRest>>) =>
    (await daemon(cluster({}), REST, REGION, async () => answer)).map(line);

  test("answers: it is asked for the nodes, and no command of Slurm's is needed", async () => {
    const node = { name: "n1", state: "idle", state_flags: [], gres: "gpu:h100:8", partitions: ["train"] };
    const partitions = [{ name: "train", state: "UP", flags: ["default"] }];
    const text = JSON.stringify({ errors: [], nodes: [node], partitions });
    expect(await found({ kind: "answered", status: 200, text })).toEqual([
      "ok: slurmrestd answers at http://slurm:6820",
      "ok: 8 of gpu:h100 on nodes that start jobs, of 8 in the fleet's file",
      "ok: 1 of 1 start jobs",
      "ok: a job may run as long as it takes",
      expect.stringMatching(/^not looked at: the REST daemon takes no job for a test/),
    ]);
  });

  test.each([
    [401, "Authentication failure", "renew /etc/token: scontrol token username=bace"],
    [404, "Unable find requested URL", "openapi/v0.0.38"],
    [200, "<html>", "whether slurmrestd runs there"],
  ])("status %i, %s", async (status, text, mend) => {
    const [first] = await found({ kind: "answered", status, text });
    expect(first).toMatch(/^problem: http:\/\/slurm:6820: slurmrestd/);
    expect(first).toContain(mend);
  });
});

test("a job whose submit was lost is ended with the look that it was for", async () => {
  const ended: (readonly string[])[] = [];
  const lost = cluster({
    sbatch: silent("no answer after 20 s"),
    squeue: said("3|/shared/bace/checks/other\n4|/shared/bace/checks/own\n"),
    scancel: (all) => {
      ended.push(all.slice(-2));
      return said();
    },
  });
  const host = nodeHost({
    ...{ cluster: lost, region: REGION, script: "", controlUrl: undefined, startSeconds: 1 },
    folder: checkFolder(lost.run, "/shared/bace/checks", "own"),
    isInterrupted: () => false,
  });
  expect(await host.begin()).toEqual({ kind: "none", reason: "sbatch: no answer after 20 s" });
  await host.end();
  expect(ended).toEqual([["scancel", "4"]]);
});
