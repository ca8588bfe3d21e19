// The scheduler's explanation in words.
import { expect, test } from "vitest";
import { candidateText, distanceText, orderText, rejectionText } from "../../src/scheduler/explain.ts";
import type { Explanation, Rejection } from "../../src/scheduler/policy.ts";

test("a bandwidth rejection says what the hop needs, what is left and what is missing", () => {
  const text = rejectionText({
    constraint: "bandwidth",
    region: "virginia",
    from: "frankfurt",
    to: "virginia",
    neededBitsPerSecond: 77e6,
    residualBitsPerSecond: 12e6,
  });
  expect(text).toBe(
    "not virginia: the hop frankfurt → virginia needs 77 Mbit/s and has 12 Mbit/s left, 65 Mbit/s short",
  );
});

test("a path with too few GPUs says how many are missing", () => {
  const regions = ["frankfurt"];
  expect(candidateText({ regions, gpus: 3, outcome: "too-few-gpus", rejections: [] }, 4)).toBe(
    "3 of 4 GPUs, 1 short",
  );
});

test("the distance from feasible is that of the path and of the hop that come nearest", () => {
  const hop = (from: string, to: string, residual: number): Rejection => ({
    constraint: "bandwidth",
    region: to,
    from,
    to,
    neededBitsPerSecond: 5e9,
    residualBitsPerSecond: residual,
  });
  const why: Explanation = {
    policy: "bace",
    position: 2,
    order: { kind: "fcfs", submitSeconds: 0 },
    targetGpus: 8,
    neededGpus: 8,
    candidates: [
      { regions: ["a"], gpus: 4, outcome: "too-few-gpus", rejections: [hop("a", "b", 1e9)] },
      { regions: ["c", "d"], gpus: 7, outcome: "too-few-gpus", rejections: [hop("d", "a", 4.5e9)] },
    ],
    iterationLowerBoundSeconds: 1,
  };
  expect(distanceText(why)).toBe(
    "1 GPU short on c → d; the hop nearest to passing, d → a, is 500 Mbit/s short",
  );
  expect(orderText(why)).toBe("place 2 by bace: first come, first served");
  const candidates = why.candidates.map((each) => ({ ...each, outcome: "not-best" as const }));
  expect(distanceText({ ...why, candidates })).toBe("");
});
