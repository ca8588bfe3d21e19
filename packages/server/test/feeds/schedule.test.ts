// When feeds are asked: at their own pace, later and later while they fail, and never because of another.
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import type { Feed, FeedAnswer, FeedFailure } from "../../src/feeds/feed.ts";
import { createSchedule, pauseSeconds, type Schedule } from "../../src/feeds/schedule.ts";
import { timingOf } from "./support.ts";

const FINE: FeedAnswer = { facts: [], failures: [] };
const failing = (more: Partial<FeedFailure> = {}): FeedAnswer => ({
  facts: [],
  failures: [{ code: "server-error", about: "x", message: "m", hint: "h", ...more }],
});
let schedule: Schedule | undefined;
afterEach(() => schedule?.stop());

/** Promises that are settled have been heard of. */
const settled = () => new Promise<void>((done) => setImmediate(done));

function start(feeds: Readonly<Record<string, { every: number; ask: (n: number) => Promise<FeedAnswer> }>>) {
  const clock = { seconds: 0 };
  const timing = timingOf(clock, settled);
  const asked: Record<string, number[]> = {};
  const codes: string[] = [];
  const all = Object.entries(feeds).map(([name, { ask, every }]): Feed => {
    asked[name] = [];
    return {
      ...{ name, everySeconds: every },
      ask(now) {
        asked[name]!.push(now);
        return ask(asked[name]!.length);
      },
    };
  });
  schedule = createSchedule({
    ...{ feeds: all, timing },
    onAnswer: async ({ name }, { failures }) => {
      codes.push(...failures.map(({ code }) => `${name} ${code}`));
    },
  });
  schedule.start();
  return { asked, codes, clock, timing };
}

describe("a feed", () => {
  test("that answers is asked at its own pace", async () => {
    const { asked, timing } = start({ a: { every: 900, ask: async () => FINE } });
    await timing.pass(3600);
    expect(asked.a).toEqual([0, 900, 1800, 2700, 3600]);
  });

  test("that fails is asked again sooner, then later and later, and at its pace when it answers", async () => {
    const { asked, timing } = start({ a: { every: 900, ask: async (n) => (n <= 7 ? failing() : FINE) } });
    await timing.pass(8000);
    expect(asked.a!.slice(0, 10)).toEqual([0, 30, 90, 210, 450, 930, 1830, 2730, 3630, 4530]);
  });

  test("of which a part answers is asked no later than usual", async () => {
    const fact = { kind: "capacity-changed", region: "r", gpus: 1 } as const;
    const { asked, timing } = start({
      a: { every: 120, ask: async () => ({ ...failing(), facts: [fact] }) },
    });
    await timing.pass(600);
    expect(asked.a).toEqual([0, 30, 90, 210, 330, 450, 570]);
  });

  test("is left alone for as long as its source asks for", async () => {
    const { asked, timing } = start({
      a: {
        every: 60,
        ask: async (n) => (n === 1 ? failing({ code: "rate-limited", retryAfterSeconds: 500 }) : FINE),
      },
    });
    await timing.pass(600);
    expect(asked.a).toEqual([0, 500, 560]);
  });

  test("that hangs, throws or rejects disturbs no other, and is asked again", async () => {
    const { asked, codes, timing } = start({
      hangs: { every: 60, ask: () => new Promise(() => {}) },
      throws: {
        every: 60,
        ask: () => {
          throw new TypeError("oops");
        },
      },
      rejects: { every: 60, ask: () => Promise.reject(undefined) },
      fine: { every: 60, ask: async () => FINE },
    });
    await timing.pass(1300);
    expect(asked.fine).toHaveLength(22);
    expect(asked.hangs).toEqual([0, 630, 1290]);
    expect(asked.throws!.length).toBeGreaterThan(3);
    expect(new Set(codes)).toEqual(new Set(["hangs timed-out", "throws feed-broken", "rejects feed-broken"]));
  });

  test("is asked no more when the schedule has stopped, and who hangs keeps nobody waiting", async () => {
    const { asked, timing } = start({
      a: { every: 60, ask: async () => FINE },
      hangs: { every: 60, ask: () => new Promise(() => {}) },
    });
    await timing.pass(60);
    await schedule!.stop();
    await timing.pass(3600);
    expect([asked.a, asked.hangs]).toEqual([[0, 60], [0]]);
  });
});

test("a pause is never shorter than asked for, nor than half a minute or the feed's own pace", () => {
  fc.assert(
    fc.property(
      ...([
        fc.integer({ min: 10, max: 1e5 }),
        fc.nat(1000),
        fc.nat(90_000),
        fc.double({ min: 0, max: 1, noNaN: true }),
      ] as const),
      (every, failures, retryAfterSeconds, random) => {
        const answer = failures === 0 ? FINE : failing({ retryAfterSeconds });
        const pause = pauseSeconds(every, failures, answer, random);
        expect(pause).toBeGreaterThanOrEqual(
          Math.max(Math.min(every, 30), failures === 0 ? every : retryAfterSeconds),
        );
        expect(pause).toBeLessThanOrEqual(1.1 * Math.max(every, 3600, retryAfterSeconds));
      },
    ),
  );
});
