// The plan that the worker gets: valid by its schema, complete, and saying what is emulated.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { buildPlan } from "../../src/control/plan.ts";
import { reduce } from "../../src/control/reduce.ts";
import { emptyState, type State } from "../../src/control/state.ts";
import { iterationSeconds, type TimeModel } from "../../src/cost/iteration-time.ts";
import type { Placement } from "../../src/fleet/ledger.ts";
import { parseScenario, planSchema } from "../../src/spec/index.ts";

const file = new URL("../../../../scenarios/demo-three-regions.yaml", import.meta.url);
const parsed = parseScenario(readFileSync(file, "utf8"), "demo-three-regions.yaml");
if (!parsed.ok) throw new Error(JSON.stringify(parsed.diagnostics));
const { fleet, jobs } = parsed.value;

function planOf(jobId: string, placement: Placement, timeModel: TimeModel = "1f1b") {
  const job = jobs.find(({ id }) => id === jobId)!;
  const why = {
    policy: "test",
    position: 1,
    order: { kind: "fcfs", submitSeconds: 0 },
    targetGpus: 0,
    neededGpus: 0,
    candidates: [],
    iterationLowerBoundSeconds: 0,
  } as const;
  const predictedIterationSeconds = iterationSeconds(job, fleet, placement, timeModel);
  const facts = [
    { kind: "fleet-loaded", fleet },
    { kind: "submitted", job },
    { kind: "placed", jobId, epoch: 1, placement, launchKey: "secret", predictedIterationSeconds, why },
  ] as const;
  const state = facts.reduce<State>(
    (s, fact) => reduce(s, { ...fact, seq: s.seq + 1, atSeconds: 0 }),
    emptyState(),
  );
  return buildPlan(state.jobs.get(jobId)!, fleet, {
    controlUrl: "http://127.0.0.1:1",
    rendezvousDeadlineSeconds: 60,
    timeModel,
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
      ranks: [{ rank: 0, stages: [0, 3], region: "frankfurt", actions }],
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
    expect(plan.links).toEqual([
      { fromRank: 0, toRank: 1, emulated: null },
      { fromRank: 1, toRank: 0, emulated: null },
      {
        fromRank: 1,
        toRank: 2,
        emulated: { bandwidthBitsPerSecond: 20_000_000, latencySeconds: delay("frankfurt", "netherlands") },
      },
      {
        fromRank: 2,
        toRank: 1,
        emulated: { bandwidthBitsPerSecond: 20_000_000, latencySeconds: delay("netherlands", "frankfurt") },
      },
    ]);
  });
});
