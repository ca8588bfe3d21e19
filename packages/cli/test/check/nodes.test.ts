// Findings of `bace check` about a cluster's nodes and its folder.

import { describe, expect, test } from "vitest";
import { clock, clockFinding, folderThere } from "../../src/check/slurm/folder.ts";
import { nodes, secondsOf } from "../../src/check/slurm/nodes.ts";
import { cluster, line, said, silent } from "./said.ts";

describe("nodes", () => {
  const node = (
    name: string,
    state: string,
    over: Partial<
      Record<"partition" | "gres" | "features" | "limit" | "default" | "up" | "reason", string>
    > = {},
  ) =>
    `${over.partition ?? "train*"}|${name}|${state}|${over.gres ?? "gpu:h100:4(S:0-1)"}|${over.features ?? "ib"}|${over.limit ?? "infinite"}|${over.default ?? "n/a"}|${over.up ?? "up"}|${over.reason ?? "none"}\n`;
  const look = async (lines: string, over: object = {}, gpus = 8) =>
    (await nodes(cluster({ sinfo: said(lines) }, over), { gpus })).map(line);

  test("enough GPUs, on nodes that start jobs", async () => {
    expect(await look(node("n1", "idle") + node("n2", "mixed-"))).toEqual([
      "ok: 8 of gpu:h100 on nodes that start jobs, of 8 in the fleet's file",
      "ok: 2 of 2 start jobs",
      "ok: a job may run as long as it takes",
    ]);
  });

  test("nodes that are out are named, with the reason", async () => {
    const found = await look(
      node("n1", "idle") +
        node("n2", "drained", { reason: "bad|dimm" }) +
        node("n3", "down*") +
        node("n4", "idle", { partition: "other" }),
    );
    expect(found[0]).toMatch(/^problem: 4 of gpu:h100 .* of 8 .* — bring the nodes back/);
    expect(found[1]).toMatch(
      /^warning: 2 of 3 start no jobs: n2 drained \(bad\|dimm\), n3 down\* — scontrol update nodename=n2/,
    );
    const closed = await look(node("n1", "idle", { up: "down" }), {}, 4);
    expect(closed[1]).toContain("n1 partition down");
  });

  test("a partition, a constraint or a kind of GPU that no node has", async () => {
    expect((await look(node("n1", "idle"), { partition: "big" }))[0]).toMatch(
      /^problem: there are no nodes in big — .*there are train$/,
    );
    expect((await look(node("n1", "idle"), { constraint: "h100&nvl" }))[0]).toMatch(
      /^problem: no node of default partition has h100&nvl/,
    );
    expect((await look(node("n1", "idle"), { gpuGres: "gpu:a100" }))[0]).toMatch(
      /correct gpuGres: the nodes have gpu:h100$/,
    );
    expect((await look(node("n1", "idle", { gres: "(null)" })))[0]).toMatch(
      /the nodes have no GPUs that Slurm knows$/,
    );
    expect((await look(node("n1", "idle"), { gpuGres: "none" }))[0]).toMatch(
      /^not looked at: Slurm counts none/,
    );
  });

  test("time limits: how long a job may run", async () => {
    const limits = async (limit: string, preset: string, extraOptions: string[] = []) =>
      (await look(node("n1", "idle", { limit, default: preset }), { extraOptions }))[2];
    expect(await limits("2-00:00:00", "n/a")).toBe(
      "ok: a job may run 2-00:00:00, then it goes on from a checkpoint",
    );
    expect(await limits("2-00:00:00", "1:00:00")).toMatch(
      /^warning: a job may run 1:00:00 where it asks for no time — add --time=2-00/,
    );
    expect(await limits("2-00:00:00", "1:00:00", ["--time=1-0"])).toMatch(/^ok: a job may run 1-0,/);
    expect(await limits("20:00", "n/a")).toMatch(/^warning: a job may run 20:00 — ask for a partition/);
    expect(["30", "30:10", "1:00:00", "1-2", "1-2:30", "infinite"].map(secondsOf)).toEqual([
      30 * 60,
      1810,
      3600,
      93_600,
      95_400,
      Number.POSITIVE_INFINITY,
    ]);
  });

  test("an answer that is no list", async () => {
    expect((await look("Welcome to login!\n"))[0]).toMatch(
      /^problem: sinfo has answered with what is no list/,
    );
    const ran = await nodes(cluster({ sinfo: silent("no answer after 20 s") }), { gpus: 1 });
    expect(ran.map(({ level }) => level)).toEqual(["problem"]);
  });
});

describe("folder and clock", () => {
  test("there, full, missing, not to be written into", async () => {
    const df = (kib: number) =>
      said(`Filesystem 1024-blocks Used Available Capacity Mounted on\nnfs 9 9 ${kib} 9% /shared\n`);
    expect(line(await folderThere(cluster({ df: df(5e6) })))).toBe(
      "ok: /shared/bace is writable on login, 5.1 GB free",
    );
    expect((await folderThere(cluster({ df: df(1000) }))).level).toBe("warning");
    expect(line(await folderThere(cluster({ test: said("", 1) })))).toMatch(
      /^problem: there is no folder \/shared\/bace on login — .*mkdir/,
    );
    const mkdir = said("", 1, "mkdir: cannot create directory: Permission denied");
    expect(line(await folderThere(cluster({ mkdir })))).toMatch(
      /^problem: mkdir: .*Permission denied — let the account write/,
    );
  });

  test("clocks: within what the answer took, off, and so far off that munge refuses", async () => {
    expect((await clock(cluster({ date: said(`${Date.now() / 1000}\n`) }))).level).toBe("ok");
    expect((await clock(cluster({ date: said("Sunday\n") }))).level).toBe("warning");
    expect(line(clockFinding(-30, 0.1, "login"))).toMatch(
      /^warning: the clock of login is 29.9 s behind this machine's — have chrony/,
    );
    expect(clockFinding(400, 0.1, "login").level).toBe("problem");
    expect(clockFinding(4, 3, "login").level).toBe("ok");
  });
});
