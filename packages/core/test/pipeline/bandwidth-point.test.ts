// The least bandwidth that hides a hop, against the timing pass: with it nothing shows but one fill and one drain.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  bandwidthPoint,
  type Crossing,
  chainLinks,
  extraForwardsOf,
  floorBitsPerSecond,
  forwardsToHide,
  hidingForwards,
  mostUsefulForwards,
  oneFOneBSeconds,
  steadyBandwidth,
  steadyDelay,
} from "../../src/pipeline/index.ts";

/** 1 GB in 114 ms of computation, 5 ms away. */
const example: Crossing = { messageBits: 8e9, periodSeconds: 0.114, latencySeconds: 0.005 };

describe("the bandwidth point", () => {
  it("of a gigabyte, 114 ms and 5 ms: memory buys bandwidth", () => {
    const gigabits = (bits: number) => Math.round(bits / 1e9);
    expect(gigabits(floorBitsPerSecond(example))).toBe(70);
    expect(bandwidthPoint(example, 0)).toBe(Number.POSITIVE_INFINITY);
    expect(gigabits(bandwidthPoint(example, 1))).toBe(154);
    expect(gigabits(bandwidthPoint(example, 2))).toBe(73);
    expect(gigabits(bandwidthPoint(example, 3))).toBe(70);
    expect(mostUsefulForwards(example)).toBe(3);
  });

  it("is none where the latency alone takes longer than the extra forwards", () => {
    const far = { ...example, latencySeconds: 0.2 };
    expect([1, 2, 3].map((forwards) => bandwidthPoint(far, forwards))).toEqual([
      Infinity,
      Infinity,
      Infinity,
    ]);
    expect(bandwidthPoint(far, 4)).toBeLessThan(Infinity);
  });

  it("is 0 where nothing is sent, if the latency is hidden", () => {
    expect(bandwidthPoint({ ...example, messageBits: 0 }, 0)).toBe(Infinity);
    expect(bandwidthPoint({ ...example, messageBits: 0 }, 1)).toBe(0);
    expect(bandwidthPoint({ ...example, messageBits: 0, latencySeconds: 0 }, 0)).toBe(0);
    expect(mostUsefulForwards({ ...example, messageBits: 0, latencySeconds: 0 })).toBe(0);
  });

  it("never rises with memory, and ends at V/C", () => {
    fc.assert(
      fc.property(crossings, fc.nat(12), (crossing, forwards) => {
        const point = bandwidthPoint(crossing, forwards);
        expect(bandwidthPoint(crossing, forwards + 1)).toBeLessThanOrEqual(point);
        expect(point).toBeGreaterThanOrEqual(floorBitsPerSecond(crossing));
        const enough = mostUsefulForwards(crossing);
        expect(bandwidthPoint(crossing, enough)).toBeCloseTo(floorBitsPerSecond(crossing), 6);
      }),
    );
  });
});

describe("extra forwards for a bandwidth", () => {
  it("are the inverse of the point", () => {
    fc.assert(
      fc.property(crossings, fc.integer({ min: 1, max: 12 }), (crossing, forwards) => {
        const point = bandwidthPoint(crossing, forwards);
        if (point === Infinity) return;
        expect(forwardsToHide(crossing, point)).toBeLessThanOrEqual(forwards);
        const before = bandwidthPoint(crossing, forwards - 1);
        if (before > point) expect(forwardsToHide(crossing, point)).toBe(forwards);
        expect(forwardsToHide(crossing, floorBitsPerSecond(crossing) * 0.99)).toBe(Infinity);
      }),
    );
  });

  it("stay the same while delay and bandwidth wander inside their interval", () => {
    fc.assert(
      fc.property(crossings, fc.integer({ min: 1, max: 12 }), inside, (crossing, forwards, part) => {
        const { periodSeconds } = crossing;
        const { aboveSeconds, upToSeconds } = steadyDelay(forwards, periodSeconds);
        const delay = aboveSeconds + part * (upToSeconds - aboveSeconds);
        expect(hidingForwards(2 * delay, periodSeconds)).toBe(forwards);
        expect(hidingForwards(2 * (upToSeconds + 0.01 * periodSeconds), periodSeconds)).toBe(forwards + 1);
        const steady = steadyBandwidth(crossing, forwards);
        if (!steady) return;
        const { belowBitsPerSecond, fromBitsPerSecond } = steady;
        const below = Math.min(belowBitsPerSecond, 10 * fromBitsPerSecond);
        const bandwidth = fromBitsPerSecond + (1 - part) * (below - fromBitsPerSecond);
        expect(forwardsToHide(crossing, bandwidth)).toBe(forwards);
        expect(forwardsToHide(crossing, fromBitsPerSecond * 0.99)).toBeGreaterThan(forwards);
      }),
    );
  });

  it("are none for a hop that takes no time, and only for that", () => {
    expect(steadyDelay(0, 1)).toEqual({ aboveSeconds: -Infinity, upToSeconds: 0 });
  });
});

describe("by the timing pass", () => {
  const cases = fc
    .record({
      stages: fc.integer({ min: 2, max: 6 }),
      cut: fc.nat(),
      forwardSeconds: fc.integer({ min: 1, max: 8 }),
      backwardSeconds: fc.integer({ min: 1, max: 16 }),
      latencySeconds: fc.integer({ min: 0, max: 40 }),
      extra: fc.integer({ min: 1, max: 8 }),
    })
    .map((one) => ({ ...one, cut: one.cut % (one.stages - 1), microbatches: 160 }))
    .filter(({ backwardSeconds, extra, forwardSeconds, latencySeconds }) => {
      return (extra * (forwardSeconds + backwardSeconds)) / 2 > latencySeconds;
    });
  type Case = typeof cases extends fc.Arbitrary<infer T> ? T : never;

  const crossingOf = ({ backwardSeconds, forwardSeconds, latencySeconds }: Case): Crossing => ({
    messageBits: 1000,
    periodSeconds: forwardSeconds + backwardSeconds,
    latencySeconds,
  });

  /** Seconds beyond (m+p−1)C + 2(α+β). */
  function exposedSeconds(one: Case, bitsPerSecond: number): number {
    const { backwardSeconds, cut, extra, forwardSeconds, latencySeconds, microbatches, stages } = one;
    const occupancySeconds = 1000 / bitsPerSecond;
    const all = (value: number) => Array.from({ length: stages }, () => value);
    const hops = Array.from({ length: stages - 1 }, (_, hop) =>
      hop === cut ? { latencySeconds, occupancySeconds } : { latencySeconds: 0, occupancySeconds: 0 },
    );
    const timing = {
      forwardSeconds: all(forwardSeconds),
      inputGradSeconds: all(backwardSeconds),
      weightGradSeconds: all(0),
      overheadSeconds: 0,
      links: chainLinks(hops),
    };
    const seconds = oneFOneBSeconds(microbatches, timing, extraForwardsOf(stages, [extra], [cut]));
    const work = (microbatches + stages - 1) * (forwardSeconds + backwardSeconds);
    return seconds - work - 2 * (latencySeconds + occupancySeconds);
  }

  it("nothing shows at the point but one fill and one drain", () => {
    fc.assert(
      fc.property(cases, (one) => {
        expect(exposedSeconds(one, bandwidthPoint(crossingOf(one), one.extra))).toBeCloseTo(0, 6);
      }),
      { numRuns: 300 },
    );
  });

  it("and with less something does, every few micro-batches", () => {
    fc.assert(
      fc.property(cases, (one) => {
        const less = 0.8 * bandwidthPoint(crossingOf(one), one.extra);
        expect(exposedSeconds(one, less)).toBeGreaterThan(1e-6);
      }),
      { numRuns: 300 },
    );
  });

  it("of two hops at their points only the fill may be longer: more micro-batches add their work and nothing else", () => {
    const extras = fc.integer({ min: 1, max: 5 });
    const two = fc.record({
      forward: extras,
      backward: extras,
      latencySeconds: fc.nat(6),
      first: extras,
      second: extras,
    });
    fc.assert(
      fc.property(two, ({ backward, first, forward, latencySeconds, second }) => {
        const crossing = { messageBits: 100, latencySeconds, periodSeconds: forward + backward };
        const points = [first, second].map((extra) => bandwidthPoint(crossing, extra));
        if (points.includes(Infinity)) return;
        const timing = {
          forwardSeconds: [forward, forward, forward],
          inputGradSeconds: [backward, backward, backward],
          weightGradSeconds: [0, 0, 0],
          overheadSeconds: 0,
          links: chainLinks(points.map((bits) => ({ latencySeconds, occupancySeconds: 100 / bits }))),
        };
        const at = (microbatches: number) =>
          oneFOneBSeconds(microbatches, timing, extraForwardsOf(3, [first, second], [0, 1]));
        expect(at(120) - at(60)).toBeCloseTo(60 * (forward + backward), 6);
      }),
      { numRuns: 300 },
    );
  });
});

const crossings: fc.Arbitrary<Crossing> = fc.record({
  messageBits: fc.integer({ min: 1, max: 1000 }),
  periodSeconds: fc.integer({ min: 1, max: 50 }),
  latencySeconds: fc.integer({ min: 0, max: 200 }),
});
const inside = fc.double({ min: 0.01, max: 0.99, noNaN: true });
