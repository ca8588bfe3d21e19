// A hundred simulated runs, whatever goes wrong in them.
import { expect } from "vitest";
import { runSeed } from "../../dst/run.ts";
import { tallyOf } from "../../dst/tally.ts";

const GROUP = 100;
export const MINUTES = 60_000;

/** No invariant is broken in a hundred seeds, and each has its faults. */
export async function runHundred(from: number): Promise<void> {
  const runs = [];
  for (let seed = from; seed < from + GROUP; seed++) runs.push(await runSeed(seed));
  const { broken, faults, groups, lives } = tallyOf(runs);
  expect(broken.map(({ seed, violation }) => `npm run dst -- --seed ${seed}: ${violation}`)).toEqual([]);
  expect(lives).toBeGreaterThan(GROUP);
  expect(groups).toBeGreaterThan(GROUP / 10);
  expect(Object.values(faults).filter((count) => count > 0).length).toBeGreaterThan(20);
}
