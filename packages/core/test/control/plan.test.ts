// The plan that the worker gets: valid by its schema, complete, and saying what is emulated.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { buildPlan, type PlanOptions } from "../../src/control/build-plan.ts";
import { streamsFor } from "../../src/control/plan-links.ts";
import { reduce } from "../../src/control/reduce.ts";
import { emptyState, type State } from "../../src/control/state.ts";
import { iterationSeconds, type TimeModel } from "../../src/cost/iteration-time.ts";
import type { Job, Training } from "../../src/cost/job.ts";
import type { Fleet } from "../../src/fleet/fleet.ts";
import type { Placement } from "../../src/fleet/ledger.ts";
import { parseScenario, planSchema } from "../../src/spec/index.ts";

const file = new URL("../../../../scenarios/demo-three-regions.yaml", import.meta.url);
const parsed = parseScenario(readFileSync(file, "utf8"), "demo-three-regions.yaml");
if (!parsed.ok) throw new Error(JSON.stringify(parsed.diagnostics));
const { fleet, jobs } = parsed.value;

const named = (jobId: string) => jobs.find(({ id }) => id === jobId)!;

function changed(jobId: string, training: Partial<Training>): Job {
  const job = named(jobId);
  return { ...job, training: { ...job.training!, ...training } };
}

function planOf(
  asked: string | Job,
  placement: Placement,
  timeModel: TimeModel = "1f1b",
  options: Partial<PlanOptions> = {},
  ownFleet: Fleet = fleet,
) {
  const job = typeof asked === "string" ? named(asked) : asked;
  const jobId = job.id;
  const why = {
    policy: "test",
    position: 1,
    order: { kind: "fcfs", submitSeconds: 0 },
    targetGpus: 0,
    neededGpus: 0,
    candidates: [],
    iterationLowerBoundSeconds: 0,
  } as const;
  const predictedIterationSeconds = iterationSeconds(job, ownFleet, placement, timeModel);
  const facts = [
    { kind: "fleet-loaded", fleet: ownFleet },
    { kind: "submitted", job },
    { kind: "placed", jobId, epoch: 1, placement, launchKey: "secret", predictedIterationSeconds, why },
  ] as const;
  const state = facts.reduce<State>(
    (s, fact) => reduce(s, { ...fact, seq: s.seq + 1, atSeconds: 0 }),
    emptyState(),
  );
  return buildPlan(state.jobs.get(jobId)!, ownFleet, {
    controlUrl: "http://127.0.0.1:1",
    rendezvousDeadlineSeconds: 60,
    timeModel,
    ...options,
  });
}

describe("the plan", () => {
  const plan = planOf("typescript", { regions: [1, 0], gpus: [2, 1], hopBitsPerSecond: [20_000_000] });

  it("is what its schema says", () => {
    expect(planSchema.parse(JSON.parse(JSON.stringify(plan)))).toEqual(plan);
  });

  it("may put several stages on a rank, with backwards in two parts and a cap of activations", () => {
    const actions = (["F", "I", "W"] as const).map((kind) => ({ kind, stage: 3, microbatch: 0 }));
    const wave = {
      ...plan,
      ranks: [{ rank: 0, replica: 0, stages: [0, 3], region: "frankfurt", actions }],
      activationCaps: [2.5],
      emulatedCompute: {
        stages: [{ forwardSeconds: 1, backwardSeconds: 2, inputGradSeconds: 1.2, weightGradSeconds: 0.8 }],
      },
    };
    expect(planSchema.parse(wave)).toEqual(wave);
    expect(planSchema.safeParse({ ...wave, activationCaps: [0] }).success).toBe(false);
    expect(planSchema.safeParse({ ...wave, ranks: [{ ...wave.ranks[0], stages: [] }] }).success).toBe(false);
  });

  it("gives every layer to one stage, in order, and every stage to one rank in the path's order", () => {
    expect(plan.stages.map(({ region, firstLayer, layerCount }) => [region, firstLayer, layerCount])).toEqual(
      [
        ["frankfurt", 0, 3],
        ["frankfurt", 3, 3],
        ["netherlands", 6, 2],
      ],
    );
    expect(plan.stages.map(({ embedding, head }) => [embedding, head])).toEqual([
      [true, false],
      [false, false],
      [false, true],
    ]);
    expect(plan.ranks.map(({ rank, stages, region }) => [rank, stages, region])).toEqual([
      [0, [0], "frankfurt"],
      [1, [1], "frankfurt"],
      [2, [2], "netherlands"],
    ]);
  });

  it("sends every forward on and every backward back", () => {
    const kinds = (rank: number) => {
      const counts: Record<string, number> = {};
      for (const { kind } of plan.ranks[rank]!.actions) counts[kind] = (counts[kind] ?? 0) + 1;
      return counts;
    };
    expect(kinds(0)).toEqual({ F: 8, B: 8, SEND_F: 8, RECV_B: 8 });
    expect(kinds(1)).toEqual({ F: 8, B: 8, RECV_F: 8, SEND_F: 8, RECV_B: 8, SEND_B: 8 });
    expect(kinds(2)).toEqual({ F: 8, B: 8, RECV_F: 8, SEND_B: 8 });
  });

  it("emulates the reserved rate and each direction's delay between regions, and nothing inside one", () => {
    const delay = (a: string, b: string) =>
      fleet.links.find(({ from, to }) => fleet.regions[from]!.name === a && fleet.regions[to]!.name === b)!
        .latencySeconds;
    const own = { streams: 1, chunkBytes: 256 * 1024, bufferBytes: null, compression: "none" };
    const inside = { ...own, via: "collective", emulated: null };
    const between = { ...own, via: "tcp" };
    expect(plan.links).toEqual([
      { ...inside, fromRank: 0, toRank: 1 },
      { ...inside, fromRank: 1, toRank: 0 },
      {
        ...between,
        fromRank: 1,
        toRank: 2,
        emulated: { bandwidthBitsPerSecond: 20_000_000, latencySeconds: delay("frankfurt", "netherlands") },
      },
      {
        ...between,
        fromRank: 2,
        toRank: 1,
        emulated: { bandwidthBitsPerSecond: 20_000_000, latencySeconds: delay("netherlands", "frankfurt") },
      },
    ]);
  });

  it("holds no more activations than the schedule needs, and says so", () => {
    expect(plan.activationCaps).toEqual([3, 2, 1]);
    const early = planOf("typescript", {
      regions: [1, 0],
      gpus: [2, 1],
      hopBitsPerSecond: [20_000_000],
      hopExtraForwards: [1],
    });
    expect(early.activationCaps).toEqual([4, 3, 1]);
  });

  it("keeps checkpoints where the job says, or in a folder of its own, or nowhere", () => {
    const placement = { regions: [1], gpus: [1], hopBitsPerSecond: [] };
    const settings = { everySteps: 100, keep: 2, graceSeconds: 60 };
    expect(planOf("typescript", placement).checkpoint).toBeNull();
    const folder = { checkpointsFolder: "/state/checkpoints" };
    expect(planOf("typescript", placement, "1f1b", folder).checkpoint).toEqual({
      location: "/state/checkpoints/typescript",
      ...settings,
    });
    const own = changed("typescript", { checkpoint: { ...settings, location: "/shared/one" } });
    expect(planOf(own, placement, "1f1b", folder).checkpoint?.location).toBe("/shared/one");
  });

  it("encrypts connections with the launch's certificate, where the job asks for it", () => {
    const placement = { regions: [1], gpus: [1], hopBitsPerSecond: [] };
    const certificateOf = (key: string) => ({ certificate: `of ${key}`, privateKey: "private" });
    const job = changed("typescript", { encrypted: true });
    expect(planOf(job, placement, "1f1b", { certificateOf }).tls?.certificate).toBe("of secret");
    expect(planOf("typescript", placement, "1f1b", { certificateOf }).tls).toBeNull();
    expect(() => planOf(job, placement)).toThrow("nobody makes certificates");
  });

  it("has the ranks of every replica behind each other, alike, with equal parts of the link", () => {
    const job: Job = { ...changed("typescript", {}), dataParallel: 2, minGpus: 6, maxGpus: 6 };
    const regions = fleet.regions.map((region) => ({ ...region, gpus: 4 }));
    const placement = { regions: [1, 0], gpus: [4, 2], hopBitsPerSecond: [20_000_000] };
    const twice = planOf(job, placement, "1f1b", {}, { ...fleet, regions });
    expect(planSchema.parse(JSON.parse(JSON.stringify(twice)))).toEqual(twice);
    expect(twice.replicas).toBe(2);
    expect(twice.training.microbatches).toBe(4);
    expect(twice.ranks.map(({ rank, replica, stages }) => [rank, replica, ...stages])).toEqual(
      [0, 1, 2, 3, 4, 5].map((rank) => [rank, Math.floor(rank / 3), rank % 3]),
    );
    for (const [rank, { actions }] of twice.ranks.entries())
      expect(actions).toEqual(twice.ranks[rank % 3]!.actions);
    const between = twice.links.filter(({ via }) => via === "tcp");
    expect(between.map(({ fromRank, toRank }) => [fromRank, toRank])).toEqual([
      [1, 2],
      [2, 1],
      [4, 5],
      [5, 4],
    ]);
    expect(between.map(({ emulated }) => emulated!.bandwidthBitsPerSecond)).toEqual([1e7, 1e7, 1e7, 1e7]);
  });

  it("emulates nothing where the network is real, and takes as many streams as fill the path", () => {
    const real = planOf(
      "typescript",
      { regions: [1, 0], gpus: [2, 1], hopBitsPerSecond: [20_000_000] },
      "1f1b",
      {},
      { ...fleet, network: "real" },
    );
    expect(real.links.every(({ emulated }) => emulated === null)).toBe(true);
    expect(real.emulatedCompute).not.toBeNull();
    expect(streamsFor(500e6, 0.02)).toBe(1);
    expect(streamsFor(1e9, 0.02)).toBe(2);
    expect(streamsFor(10e9, 0.04)).toBe(40);
    expect(streamsFor(100e9, 0.1)).toBe(64);
  });
});
