// The simulation is only worth what it catches: builds that are broken on purpose.
import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { withBundle } from "../../dst/bundle.ts";
import { MUTANTS, type MutantName } from "../../dst/mutants.ts";
import type { Run } from "../../dst/run.ts";

const SEEDS = 100;

describe("a build that is broken on purpose is caught within a hundred seeds", () => {
  it.each(Object.keys(MUTANTS) as MutantName[])(
    "%s",
    async (mutant) => {
      const caught = await withBundle(mutant, async (bundle) => {
        for (let from = 1; from <= SEEDS; from += 10) {
          const lines = execFileSync(process.execPath, [bundle, String(from), "10"], { encoding: "utf8" });
          const runs = lines
            .trim()
            .split("\n")
            .map((line) => JSON.parse(line) as Run);
          const broken = runs.find(({ violation }) => violation !== undefined);
          if (broken) return broken;
        }
        return undefined;
      });
      expect(caught?.violation).toMatch(CAUGHT_AS[mutant]);
    },
    300_000,
  );
});

const CAUGHT_AS: Readonly<Record<MutantName, RegExp>> = {
  "fencing-skipped": /was heard, in epoch/,
  "retry-on-unknown": /is alive twice|runs \d+ ranks on \d+ GPUs/,
  "double-release": /in the ledger, and really/,
  "nobody-gives-way": /and jobs have held \d+ for/,
  "reserved-beyond": /bit\/s reserved, of/,
  "acknowledged-early": /was accepted, and (is gone|another job)|is not cancelled|two jobs were accepted/,
  "seen-early": /was seen when \d+ was the last in the log/,
  "no-draft": /two jobs were accepted|was accepted, and another job has its name/,
};
