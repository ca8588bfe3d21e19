import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatUtc, parseInstant } from "../../../src/spec/import/utc.ts";

const secondsOf = (text: string) => parseInstant(text)?.seconds;

describe("parseInstant", () => {
  it("agrees with the platform on every second from 1600 to 2400, at any offset", () => {
    const seconds = fc.integer({ min: -11_676_096_000, max: 13_569_465_600 });
    const offset = fc.tuple(
      fc.constantFrom("+", "-"),
      fc.integer({ min: 0, max: 14 }),
      fc.constantFrom(0, 30, 45),
    );
    fc.assert(
      fc.property(seconds, offset, (at, [sign, hours, minutes]) => {
        const two = (value: number) => String(value).padStart(2, "0");
        const text = `${new Date(at * 1000).toISOString().slice(0, 19)}${sign}${two(hours)}:${two(minutes)}`;
        expect(secondsOf(text)).toBe(Date.parse(text) / 1000);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ["2024-01-01", 1_704_067_200],
    ["2024-01-01 00:00:00", 1_704_067_200],
    ["2024-01-01T01:00Z", 1_704_070_800],
    ["2024-01-01 00:00:00.5 UTC", 1_704_067_200.5],
    ["2024-01-01 02:00:00+0200", 1_704_067_200],
    ["2023-12-31T19-05", 1_704_067_200],
  ])("reads %s", (text, seconds) => {
    expect(secondsOf(text)).toBe(seconds);
  });

  it("says whether an offset was given", () => {
    expect(parseInstant("2024-01-01 00:00")?.hasOffset).toBe(false);
    expect(parseInstant("2024-01-01 00:00+00:00")?.hasOffset).toBe(true);
  });

  it.each([
    "",
    "2023-02-29",
    "2024-13-01",
    "2024-00-01",
    "2024-01-01 24:00",
    "01/02/2024",
    "2024-1-1",
    "noon",
  ])("refuses %j", (text) => {
    expect(parseInstant(text)).toBeUndefined();
  });
});

it("formatUtc writes what parseInstant reads", () => {
  fc.assert(
    fc.property(fc.integer({ min: -11_676_096_000, max: 13_569_465_600 }), (at) => {
      expect(secondsOf(formatUtc(at))).toBe(at);
    }),
    { numRuns: 2000 },
  );
});
