// GPUs of a region are those that Slurm says are there: by a cluster that says what a test wants, and by a real one.
import type { SlurmSettings } from "@bace-pipe/core";
import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { createCapacityWatch } from "../../src/executors/slurm/capacity.ts";
import type { Cluster } from "../../src/executors/slurm/clusters.ts";
import {
  type ClusterNode,
  countGpus,
  gpusOf,
  isUsable,
  nodesOf,
  parseNodes,
} from "../../src/executors/slurm/nodes.ts";
import { createRunner } from "../../src/executors/slurm/runner.ts";
import { emptyDatabase } from "../support/database.ts";
import { createFakeExecutor } from "../support/fake-executor.ts";
import { openService, SCENARIO, type TestService } from "../support/service.ts";
import { startClusters, type TestClusters, whyNoSlurm } from "../support/slurm.ts";

const SETTINGS: SlurmSettings = {
  folder: "/shared",
  python: "python3",
  gpuGres: "gpu:h100",
  extraOptions: [],
};
const node = (name: string, over: Partial<ClusterNode> = {}): ClusterNode => ({
  ...{
    partition: "train",
    isDefault: true,
    name,
    state: "idle",
    gres: "gpu:h100:4(S:0-1)",
    features: ["ib"],
  },
  ...{ timeLimit: "infinite", defaultTime: "n/a", availability: "up", reason: "none", ...over },
});

describe("what sinfo says", () => {
  test("is a list of nodes, or nothing is concluded", () => {
    expect(parseNodes("train*|n1|drained|gpu:h100:4|ib,h100|1-00:00:00|n/a|up|fan|2\n")).toEqual([
      node("n1", {
        ...{ state: "drained", gres: "gpu:h100:4", features: ["ib", "h100"], timeLimit: "1-00:00:00" },
        reason: "fan|2",
      }),
    ]);
    expect(() => parseNodes("slurm_load_partitions: ok\n")).toThrow("no list of nodes");
  });

  test.each([
    ["gpu:h100:4(S:0-1)", "gpu:h100", 4],
    ["gpu:h100:4(S:0-1)", "gpu", 4],
    ["gpu:h100:4(S:0,3),gpu:a100:2,shard:8", "gpu", 6],
    ["gpu:h100:4,gpu:a100:2,shard:8", "gpu:a100", 2],
    ["gpu:8", "gpu", 8],
    ["gpu:8", "gpu:h100", 0],
    ["mygpu:8", "gpu", 0],
    ["(null)", "gpu", 0],
  ])("%s has of %s: %i", (gres, gpuGres, count) => expect(gpusOf({ gres }, gpuGres)).toBe(count));

  test.each([
    ...[
      "idle",
      "mixed",
      "allocated",
      "allocated*",
      "mixed*",
      "mixed-",
      "idle~",
      "planned",
      "completing",
      "reserved",
      "a new word",
    ].map((state) => [state, true] as const),
    ...["down", "drained", "draining@", "idle*", "drained*", "maint", "fail", "error"].map(
      (state) => [state, false] as const,
    ),
  ])("%s: starts jobs is %s", (state, usable) =>
    expect(isUsable(node("n1", { state }), SETTINGS)).toBe(usable),
  );

  test("counts by partition and constraint, each node once; too many rather than too few", () => {
    const nodes = [
      ...[node("n1"), node("n2", { state: "down" }), node("n1", { partition: "all", isDefault: false })],
      node("n3", { partition: "all", isDefault: false, features: ["roce"] }),
    ];
    const count = (over: Partial<SlurmSettings>) => countGpus(nodes, { ...SETTINGS, ...over });
    expect(count({})).toEqual({ usable: 4, there: 8 });
    expect(count({ partition: "all" })).toEqual({ usable: 8, there: 8 });
    expect(count({ partition: "train,all" })).toEqual({ usable: 8, there: 12 });
    expect(count({ partition: "all", constraint: "ib" })).toEqual({ usable: 4, there: 4 });
    expect(count({ partition: "all", constraint: "ib|roce" })).toEqual({ usable: 8, there: 8 });
    expect(count({ partition: "all", constraint: "[ib*2&roce]" })).toEqual({ usable: 8, there: 8 });
    expect(count({ gpuGres: "none" })).toBeUndefined();
    const inMaintenance = [node("n1", { state: "maint" })];
    expect(countGpus(inMaintenance, { ...SETTINGS, extraOptions: ["--reservation=ours"] })!.usable).toBe(4);
  });
});

describe("the watch", () => {
  const database = emptyDatabase();
  const clock = { seconds: 1_000_000 };
  let service: TestService;
  let settings: SlurmSettings;
  let answer: () => readonly ClusterNode[];
  let warned: string[];
  const cluster: Cluster = {
    name: "east",
    settingsOf: (region) => (region === "east" ? settings : undefined),
    nodes: async () => answer(),
  };
  const watching = () => {
    const logger = pino({ base: null, level: "warn" }, { write: (line: string) => warned.push(line) });
    const watch = createCapacityWatch({ writer: service.writer, logger });
    watch.add(cluster);
    return async (...usable: readonly (number | "silent")[]) => {
      for (const gpus of usable) {
        clock.seconds += 30;
        answer = () => {
          if (gpus === "silent") throw new Error("sinfo: no answer after 20 s");
          return [
            node("n1", { gres: `gpu:h100:${gpus}` }),
            node("n2", { gres: "gpu:h100:8", state: "down" }),
          ];
        };
        await watch.look();
      }
      return gpusOfEast();
    };
  };
  const gpusOfEast = () => service.writer.state().fleet!.regions[0]!.gpus;

  beforeEach(async () => {
    const scenario = SCENARIO.replace("gpus: 2, priceUsdPerKwh: 0.10", "gpus: 8, priceUsdPerKwh: 0.10");
    service = await openService(database, createFakeExecutor(), clock, undefined, { scenario });
    [settings, warned] = [SETTINGS, []];
  });

  test("two looks in a row that agree take GPUs away, and give them back", async () => {
    const look = watching();
    expect(await look(8, 8, 4)).toBe(8);
    expect(await look(4)).toBe(4);
    expect(await look(8)).toBe(4);
    expect(await look(8)).toBe(8);
    const { seq } = service.writer.state();
    await look(8, 16, 8, 16);
    expect(service.writer.state().seq).toBe(seq);
  });

  test("what comes and goes is believed as far as two looks agree", async () => {
    const look = watching();
    expect(await look(8, 2, 8, 2, 8)).toBe(8);
    expect(await look(2, 6)).toBe(6);
    expect(await look(3, 5)).toBe(5);
    expect(await look(7, 8)).toBe(7);
  });

  test("no answer, no node and no GPU of the kind conclude nothing; silence is said once", async () => {
    const look = watching();
    expect(await look(8, "silent", "silent", "silent")).toBe(8);
    expect(warned).toHaveLength(1);
    settings = { ...SETTINGS, partition: "nowhere" };
    expect(await look(4, 4)).toBe(8);
    settings = { ...SETTINGS, gpuGres: "gpu:a100" };
    expect(await look(4, 4)).toBe(8);
    settings = { ...SETTINGS, capacity: "file" };
    expect(await look(4, 4)).toBe(8);
  });

  test("an operator's word stands upwards, and the source is named", async () => {
    await service.client.setInputs({
      source: "operator",
      inputs: [{ kind: "capacity-changed", region: "east", gpus: 6 }],
    });
    const look = watching();
    expect(await look(8, 8)).toBe(6);
    expect(await look(4, 4)).toBe(4);
    expect(await look(8, 8)).toBe(6);
    const { regions } = (await (await service.get("/v1/inputs")).json()) as { regions: unknown[] };
    expect(regions).toMatchObject([{ region: "east", gpus: 6, counted: { source: "slurm", value: 8 } }]);
  });
});

describe.skipIf(whyNoSlurm)(`on a Slurm cluster${whyNoSlurm ? ` (${whyNoSlurm})` : ""}`, () => {
  const database = emptyDatabase();
  let clusters: TestClusters;
  beforeAll(async () => {
    clusters = await startClusters([{ name: "lab", nodes: 2 }]);
  }, 60_000);
  afterAll(() => clusters?.remove());

  test("a node that is drained takes its GPUs along, and brings them back", async () => {
    const clock = { seconds: 1_000_000 };
    const scenario = SCENARIO.replace("gpus: 2, priceUsdPerKwh: 0.10", "gpus: 8, priceUsdPerKwh: 0.10");
    const service = await openService(database, createFakeExecutor(), clock, undefined, { scenario });
    const run = createRunner({});
    const watch = createCapacityWatch({ writer: service.writer, logger: pino({ level: "silent" }) });
    watch.add({
      name: "lab",
      settingsOf: (region) => (region === "east" ? SETTINGS : undefined),
      nodes: () => nodesOf(run, clusters.configurationOf("lab")),
    });
    const settles = (gpus: number) =>
      vi.waitFor(
        async () => {
          clock.seconds += 30;
          await watch.look();
          expect(service.writer.state().fleet!.regions[0]!.gpus).toBe(gpus);
        },
        { timeout: 20_000, interval: 200 },
      );
    await settles(8);
    clusters.client("lab", "scontrol", "update", "nodename=n2", "state=drain", "reason=fan");
    await settles(4);
    await clusters.controller("lab", "stop");
    await watch.look();
    await watch.look();
    expect(service.writer.state().fleet!.regions[0]!.gpus).toBe(4);
    await clusters.controller("lab", "start").catch(() => {}); // it waits for all nodes, of which one is drained
    clusters.client("lab", "scontrol", "update", "nodename=n2", "state=resume");
    await settles(8);
  }, 120_000);
});
