// The first of five hundred simulated runs; the others are in more-seeds.test.ts, beside these on another core. `npm run dst`
// runs more of them.
import { describe, expect, it } from "vitest";
import { runSeed } from "../../dst/run.ts";
import { MINUTES, runHundred } from "./hundred.ts";

describe("the control plane under simulated faults", () => {
  it.each([1, 101])(
    "breaks no invariant in a hundred seeds from %i on, and each has its faults",
    runHundred,
    10 * MINUTES,
  );

  it(
    "is the same run for the same seed, event for event",
    async () => {
      for (const seed of [5, 20, 27, 90]) {
        const [first, second] = [await runSeed(seed), await runSeed(seed)];
        expect(second).toEqual(first);
      }
      expect((await runSeed(6)).digest).not.toBe((await runSeed(5)).digest);
    },
    MINUTES,
  );
});
