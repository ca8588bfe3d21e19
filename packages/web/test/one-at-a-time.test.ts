import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { oneAtATime } from "../src/parts/one-at-a-time.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Work that takes so long, and writes down when it begins and ends. */
function slow(takesMs: number, log: string[], isGood = () => true) {
  return async () => {
    log.push(`begin ${Date.now()}`);
    await new Promise((resolve) => setTimeout(resolve, takesMs));
    log.push(`end ${Date.now()}`);
    return isGood();
  };
}

test("news that comes faster than answers keeps no answer from coming", async () => {
  vi.setSystemTime(0);
  const log: string[] = [];
  const asking = oneAtATime(slow(700, log), 1000);
  for (let i = 0; i < 6; i++) {
    asking.tell();
    await vi.advanceTimersByTimeAsync(500);
  }
  expect(log).toEqual(["begin 0", "end 700", "begin 1700", "end 2400"]);
  // All news that came meanwhile is one more question.
  await vi.advanceTimersByTimeAsync(10_000);
  expect(log.slice(4)).toEqual(["begin 3400", "end 4100"]);
});

test("what failed is tried again without news, and not after the end", async () => {
  vi.setSystemTime(0);
  const log: string[] = [];
  const asking = oneAtATime(
    slow(100, log, () => false),
    1000,
  );
  asking.tell();
  await vi.advanceTimersByTimeAsync(2500);
  expect(log.filter((each) => each.startsWith("begin"))).toEqual(["begin 0", "begin 1100", "begin 2200"]);
  asking.stop();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(log.length).toBe(6);
});
