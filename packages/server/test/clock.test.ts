// The log's time: it never stands still or runs backwards, and comes back to the wall clock's.
import { expect, test } from "vitest";
import { steadyClock } from "../src/clock.ts";

const START = 1_800_000_000;
const HOUR = 3600;

/** @param logSeconds where the log ends */
function clockAt(logSeconds: number) {
  const time = { wall: START, monotonic: 0 };
  const now = steadyClock(logSeconds, {
    wallSeconds: () => time.wall,
    monotonicSeconds: () => time.monotonic,
  });
  return {
    time,
    now,
    /** Time passes on both; how fast the log's does by that. */
    pass(seconds: number): number {
      const before = now();
      time.wall += seconds;
      time.monotonic += seconds;
      return (now() - before) / seconds;
    },
  };
}

test("it goes with both clocks as long as they agree", () => {
  const { now, pass } = clockAt(0);
  expect([pass(1), pass(HOUR), now()]).toEqual([1, 1, START + 1 + HOUR]);
});

test("a log that ends in the future is gone on from, at half the speed until the wall clock has come up", () => {
  const { now, pass } = clockAt(START + HOUR);
  expect([now(), pass(HOUR), pass(HOUR)]).toEqual([START + HOUR, 0.5, 0.5]);
  expect(now()).toBe(START + 2 * HOUR);
  expect(pass(HOUR)).toBe(1);
});

test("a wall clock that is set back or forward is followed, and never jumped to", () => {
  const { now, pass, time } = clockAt(0);
  time.wall -= HOUR;
  expect([now(), pass(60)]).toEqual([START, 0.5]);
  time.wall += 2 * HOUR;
  expect(pass(60)).toBe(1.5);
  for (let i = 0; i < 200; i++) pass(60);
  expect(now()).toBe(time.wall);
});

test("a machine that slept, whose own clock stood still, has the right time again by and by", () => {
  const { now, pass, time } = clockAt(0);
  time.wall += HOUR;
  for (let i = 0; i < 3; i++) pass(HOUR);
  expect(now()).toBe(time.wall);
});
