// The others of five hundred simulated runs, and those that have found something once.
import { describe, expect, it } from "vitest";
import { runSeed } from "../../dst/run.ts";
import { MINUTES, runHundred } from "./hundred.ts";
import { REGRESSIONS } from "./regressions.ts";

describe("the control plane under simulated faults", () => {
  it.each([201, 301, 401])(
    "breaks no invariant in a hundred seeds from %i on, and each has its faults",
    runHundred,
    10 * MINUTES,
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
