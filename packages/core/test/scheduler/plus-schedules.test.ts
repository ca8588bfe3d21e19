// What the best schedule is worth to the scheduler: a link too long for 1F1B in the memory that there is becomes usable.
import { describe, expect, it } from "vitest";
import { iterationSeconds, type TimeModel } from "../../src/cost/iteration-time.ts";
import type { Fleet } from "../../src/fleet/fleet.ts";
import type { ModelShape } from "../../src/model/shape.ts";
import { createPolicy } from "../../src/scheduler/registry.ts";
import { fleetOf, jobOf } from "../support/fleets.ts";
import { viewOf } from "../support/views.ts";

const shape: ModelShape = {
  hiddenSize: 4096,
  layers: 64,
  attentionHeads: 32,
  keyValueHeads: 32,
  feedForwardSize: 16_384,
  vocabularySize: 32_000,
  feedForward: "gelu",
  tiedEmbeddings: false,
};
const linked = fleetOf([{ gpus: 8 }, { gpus: 8 }], () => 10, 0.3);
const fleet: Fleet = {
  ...linked,
  regions: linked.regions.map((region) => ({ ...region, gpuType: { ...region.gpuType, memoryBytes: 48e9 } })),
};
const job = jobOf("long-link", {
  microbatches: 12,
  overheadSeconds: 0,
  activationBytes: 2 * 2048 * 4096,
  memory: { shape, options: { sequenceLength: 2048, microbatchSize: 1, recomputation: "selective" } },
  minGpus: 8,
  maxGpus: 16,
});

it("is explained with a bound that no schedule is below", () => {
  const one = fleetOf([{ gpus: 4 }], () => 0);
  const small = jobOf("small", { microbatches: 8, overheadSeconds: 0, minGpus: 4, maxGpus: 4 });
  const bounds = (["1f1b", "auto"] as const).map((timeModel) => {
    const [decision] = createPolicy("bace-plus").explain(viewOf(one, [small], { timeModel }));
    if (decision?.kind !== "start") throw new Error("not started");
    const { iterationLowerBoundSeconds } = decision.why;
    const seconds = iterationSeconds(small, one, decision.placement, timeModel);
    expect(iterationLowerBoundSeconds).toBeLessThanOrEqual(seconds);
    return [iterationLowerBoundSeconds, seconds];
  });
  expect(bounds).toEqual([
    [8.25, 8.25],
    [6, 6.75],
  ]);
});

describe("bace-plus over a link of 300 ms one way", () => {
  const placed = (timeModel: TimeModel) => {
    const [decision] = createPolicy("bace-plus").explain(viewOf(fleet, [job], { timeModel }));
    if (decision?.kind !== "start") throw new Error(`not started but ${decision?.kind}`);
    return decision.placement;
  };

  it("leaves GPUs that are not worth it where 1F1B has no memory to hide the link, and takes them where a schedule hides it", () => {
    expect(placed("1f1b").gpus).toEqual([8, 6]);
    expect(placed("auto").gpus).toEqual([8, 8]);
  });

  it("gains by it", () => {
    const best = iterationSeconds(job, fleet, placed("auto"), "auto");
    expect(best).toBeLessThan(0.97 * iterationSeconds(job, fleet, placed("1f1b"), "auto"));
    expect(best).toBeLessThan(0.86 * iterationSeconds(job, fleet, placed("1f1b"), "1f1b"));
  });
});
