// A cluster's nodes by its REST daemon: the words of sinfo, or nothing at all.
import type { SlurmSettings } from "@bace-pipe/core";
import { expect, test } from "vitest";
import { countGpus, nodesFor } from "../../src/executors/slurm/nodes.ts";
import type { Answered, AskRest } from "../../src/executors/slurm/rest-client.ts";
import { nodesByRest } from "../../src/executors/slurm/rest-nodes.ts";

const SETTINGS: SlurmSettings = {
  folder: "/shared",
  python: "python3",
  gpuGres: "gpu:h100",
  extraOptions: [],
};
const node = (name: string, state: string, state_flags: readonly string[] = [], over: object = {}) => ({
  ...{ name, state, state_flags, gres: "gpu:h100:4", features: "ib,h100", partitions: ["train", "all"] },
  ...{ reason: "", ...over },
});
const PARTITIONS = [
  { name: "train", state: "UP", flags: ["default"], max_time_limit: 90, default_time_limit: null },
  { name: "all", state: "DRAIN", flags: [], max_time_limit: -1, default_time_limit: 30 },
];
const answer = (value: unknown, status = 200): Answered => ({
  ...{ kind: "answered", status, text: typeof value === "string" ? value : JSON.stringify(value) },
});
const daemon =
  (nodes: readonly object[], over: Readonly<Record<string, Answered>> = {}): AskRest =>
  async ({ path }) => {
    const what = path.slice("/slurm/v0.0.38/".length);
    return over[what] ?? answer({ errors: [], nodes, partitions: PARTITIONS });
  };

test("a line per partition and node", async () => {
  expect(await nodesByRest(daemon([node("n1", "idle", [], { reason: "a|b" })]))).toEqual([
    {
      ...{ partition: "train", isDefault: true, name: "n1", state: "idle", gres: "gpu:h100:4" },
      ...{ features: ["ib", "h100"], timeLimit: "90", defaultTime: "n/a", availability: "up", reason: "a|b" },
    },
    {
      ...{ partition: "all", isDefault: false, name: "n1", state: "idle", gres: "gpu:h100:4" },
      ...{ features: ["ib", "h100"], timeLimit: "infinite", defaultTime: "30", availability: "drain" },
      reason: "a|b",
    },
  ]);
});

test.each([
  ["idle", [], "idle", 4],
  ["idle", ["DRAIN"], "drained", 0],
  ["mixed", ["DRAIN"], "draining", 0],
  ["down", ["NOT_RESPONDING"], "down*", 0],
  ["idle", ["NOT_RESPONDING"], "idle*", 0],
  ["allocated", ["NOT_RESPONDING"], "allocated*", 4],
  ["idle", ["MAINTENANCE", "RESERVED"], "maint", 0],
  ["down", ["MAINTENANCE"], "down", 0],
  ["idle", ["FAIL"], "fail", 0],
  ["idle", ["DRAIN", "INVALID_REG"], "inval", 0],
  ["idle", ["POWERED_DOWN"], "idle", 4],
  ["unknown", ["CLOUD"], "unknown", 4],
])("%s with %j is %s, and %i GPUs", async (state, flags, word, usable) => {
  const nodes = await nodesByRest(daemon([node("n1", state, flags)]));
  expect(nodes[0]!.state).toBe(word);
  expect(countGpus(nodes, SETTINGS)).toEqual({ there: 4, usable });
});

test.each([
  [{ nodes: answer("<html>") }, "no list of nodes, status 200"],
  [{ nodes: answer({ errors: [], nodes: [{ name: "n1" }] }) }, "no list of nodes"],
  [{ partitions: answer({ errors: [] }) }, "no list of partitions"],
  [{ nodes: answer({ errors: [{ error: "Zero Bytes\nwere" }], nodes: [] }) }, "Zero Bytes?were"],
  [{ nodes: answer("Authentication failure", 401) }, "does it know the token?"],
  [{ nodes: answer("Unable find requested URL.", 404) }, "it does not speak openapi/v0.0.38"],
  [
    { partitions: { kind: "no-answer", isRead: true, reason: "no whole answer in 20 s" } as const },
    "slurmrestd: no whole answer in 20 s",
  ],
])("%j concludes nothing", async (over, problem) => {
  await expect(nodesByRest(daemon([node("n1", "idle")], over))).rejects.toThrow(problem);
});

test("a node of two partitions of the region counts where it starts jobs", async () => {
  const nodes = await nodesByRest(daemon([node("n1", "idle")]));
  const settings = { ...SETTINGS, partition: "all,train" };
  expect(countGpus([...nodes].reverse(), settings)).toEqual({ there: 4, usable: 4 });
  expect(nodesFor([...nodes].reverse(), settings)).toHaveLength(1);
});
