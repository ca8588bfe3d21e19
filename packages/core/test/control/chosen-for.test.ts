// The interval of link rates for which a schedule was chosen.
import { describe, expect, it } from "vitest";
import { chosenFor, isWithin } from "../../src/control/chosen-for.ts";
import { iterationSeconds } from "../../src/cost/iteration-time.ts";
import { fleet, running, trained } from "../support/closed-loop.ts";

describe("the interval of a hop", () => {
  it.each(["overlapped", "serial", "1f1b", "auto"] as const)(
    "holds the reserved rate; below it a step is longer by a fifth, or another schedule better (%s)",
    (timeModel) => {
      const job = trained();
      const placement = { regions: [0, 1], gpus: [4, 4], hopBitsPerSecond: [1_000_000_000] };
      const { hops, stages } = chosenFor(job, fleet, placement, timeModel);
      const [interval] = hops;
      expect(isWithin(interval!, 1_000_000_000)).toBe(true);
      expect(stages).toHaveLength(8);
      const seconds = (rate: number) =>
        iterationSeconds(job, fleet, { ...placement, hopBitsPerSecond: [rate] }, timeModel);
      if (timeModel === "auto") return;
      const { highBitsPerSecond, lowBitsPerSecond } = interval!;
      expect(highBitsPerSecond).toBeNull();
      expect(seconds(lowBitsPerSecond + 1)).toBeLessThanOrEqual(1.2 * seconds(1_000_000_000));
      expect(seconds(0.94 * lowBitsPerSecond)).toBeGreaterThan(1.2 * seconds(1_000_000_000));
    },
  );

  it("has no lower end where the hop hardly matters", () => {
    const job = trained({ activationBytes: 10 });
    const placement = { regions: [0, 1], gpus: [4, 4], hopBitsPerSecond: [1_000_000_000] };
    expect(chosenFor(job, fleet, placement, "1f1b").hops[0]!.lowBitsPerSecond).toBe(0);
  });

  it("is written down for jobs that are trained, and for no others", () => {
    expect(running().job().epoch!.chosenFor!.hops).toHaveLength(1);
    const { training: _, ...simulated } = trained();
    expect(running(simulated).job().epoch).not.toHaveProperty("chosenFor");
  });
});
