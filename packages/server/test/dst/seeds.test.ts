// Five hundred simulated runs, whatever goes wrong in them. `npm run dst` runs more of them, on all cores.
import { describe, expect, it } from "vitest";
import { runSeed } from "../../dst/run.ts";
import { tallyOf } from "../../dst/tally.ts";
import { REGRESSIONS } from "./regressions.ts";

const GROUP = 100;
const MINUTES = 60_000;

describe("the control plane under simulated faults", () => {
  it.each([1, 101, 201, 301, 401])(
    "breaks no invariant in a hundred seeds from %i on, and each has its faults",
    async (from) => {
      const runs = [];
      for (let seed = from; seed < from + GROUP; seed++) runs.push(await runSeed(seed));
      const { broken, faults, groups, lives } = tallyOf(runs);
      expect(broken.map(({ seed, violation }) => `npm run dst -- --seed ${seed}: ${violation}`)).toEqual([]);
      expect(lives).toBeGreaterThan(GROUP);
      expect(groups).toBeGreaterThan(GROUP / 10);
      expect(Object.values(faults).filter((count) => count > 0).length).toBeGreaterThan(20);
    },
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

  it(
    "still runs well with seeds that have found something once",
    async () => {
      for (const { seed, found } of REGRESSIONS)
        expect((await runSeed(seed)).violation, found).toBeUndefined();
    },
    MINUTES,
  );
});
