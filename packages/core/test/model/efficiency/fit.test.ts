import { describe, expect, it } from "vitest";
import {
  calibrate,
  calibrateSystems,
  DEFAULT_TERMS,
  errorsOf,
  fitDefaults,
  predictRun,
  summarizeErrors,
  type TimeTerms,
} from "../../../src/model/efficiency/index.ts";
import { H100, run, timed, variedRuns } from "./runs.ts";

const planted: TimeTerms = {
  ...DEFAULT_TERMS,
  ampereMatrixShare: 0.6,
  ampereAttentionShare: 0.4,
  scorePasses: 12,
  layerOverheadSeconds: 2e-3,
};

describe("calibrate", () => {
  it("recovers planted terms from rows in which each of them matters", () => {
    const terms = calibrate(timed(variedRuns, planted));
    // A slowdown of everything and lower shares are the same to iteration time.
    const { slowdown } = terms;
    expect(terms.ampereMatrixShare / slowdown).toBeCloseTo(planted.ampereMatrixShare, 1);
    expect(terms.ampereAttentionShare / slowdown).toBeCloseTo(planted.ampereAttentionShare, 1);
    expect((terms.scorePasses * slowdown) / planted.scorePasses).toBeCloseTo(1, 1);
    expect((terms.layerOverheadSeconds * slowdown) / planted.layerOverheadSeconds).toBeCloseTo(1, 1);
    expect(summarizeErrors(errorsOf(timed(variedRuns, planted), terms)).mean).toBeLessThan(0.01);
  });

  it("recovers them on runs that it was not shown", () => {
    const rows = timed(variedRuns, planted);
    const shown = rows.filter((_, i) => i % 3 === 0);
    const held = rows.filter((_, i) => i % 3 !== 0);
    const before = summarizeErrors(errorsOf(held, DEFAULT_TERMS)).mean;
    const after = summarizeErrors(errorsOf(held, calibrate(shown))).mean;
    expect(before).toBeGreaterThan(0.25);
    expect(after).toBeLessThan(0.03);
  });

  it("scales everything by one row of a system that is evenly slower", () => {
    const rows = timed(variedRuns, { ...DEFAULT_TERMS, slowdown: 1.3 });
    const terms = calibrate(rows.slice(2, 3));
    const { mean, worst } = summarizeErrors(errorsOf(rows, terms));
    expect(mean).toBeLessThan(0.05);
    expect(worst).toBeLessThan(0.15);
  });

  it("changes nothing without rows, nor by rows that are as predicted", () => {
    expect(calibrate([])).toEqual(DEFAULT_TERMS);
    const terms = calibrate(timed(variedRuns, DEFAULT_TERMS));
    for (const [name, value] of Object.entries(terms)) {
      expect(value / DEFAULT_TERMS[name as keyof TimeTerms], name).toBeCloseTo(1, 6);
    }
  });

  it("is not derailed by one row that took ten times as long", () => {
    const rows = timed(variedRuns, DEFAULT_TERMS);
    const odd = { ...rows[7]!, iterationSeconds: 10 * rows[7]!.iterationSeconds };
    const terms = calibrate(rows.with(7, odd));
    expect(summarizeErrors(errorsOf(rows, terms)).mean).toBeLessThan(0.04);
  });

  it("says nothing about a GPU that it saw no row of", () => {
    const terms = calibrate(timed([run, ...variedRuns.slice(0, 4)], planted));
    expect(terms.hopperMatrixShare).toBe(DEFAULT_TERMS.hopperMatrixShare);
    expect(terms.fp8Speedup).toBe(DEFAULT_TERMS.fp8Speedup);
  });
});

describe("fitDefaults", () => {
  it("is not moved by one odd source among three", () => {
    const even = ["a", "b"].flatMap((source) => timed(variedRuns, DEFAULT_TERMS, source));
    const odd = timed(variedRuns, { ...DEFAULT_TERMS, slowdown: 4 }, "odd");
    const terms = fitDefaults([...even, ...odd]);
    expect(summarizeErrors(errorsOf(even, terms)).mean).toBeLessThan(0.05);
    expect(terms.slowdown).toBe(1);
  });
});

describe("calibrateSystems", () => {
  it("fits each GPU type and source by itself, and tells errors before, after and held out", () => {
    const h100 = variedRuns.map((each) => ({ ...each, gpu: H100 }));
    const rows = [...timed(variedRuns, planted, "mine"), ...timed(h100.slice(0, 1), DEFAULT_TERMS, "mine")];
    const [mine, theirs] = calibrateSystems(rows);
    expect([mine!.gpu, theirs!.gpu]).toEqual(["A100", "H100"]);
    expect(mine!.after.mean).toBeLessThan(mine!.before.mean);
    expect(mine!.heldOut!.mean).toBeLessThan(0.02);
    expect(mine!.moved.map(({ term }) => term)).toContain("layerOverheadSeconds");
    expect(theirs!.heldOut).toBeUndefined();
    expect(theirs!.moved).toEqual([]);
  });

  it("gives an efficiency that the fitted rows reach", () => {
    const one = timed([{ ...run, dataParallel: 1, globalBatchSequences: 4000 }], {
      ...DEFAULT_TERMS,
      slowdown: 1.5,
    });
    const [system] = calibrateSystems(one);
    const reached = predictRun(one[0]!.run, system!.terms).modelFlopUtilization;
    expect(system!.efficiency.median).toBeCloseTo(reached, 3);
    expect(system!.efficiency.least).toBe(system!.efficiency.most);
  });
});
