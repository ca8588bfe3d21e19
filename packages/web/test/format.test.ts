import { describe, expect, test } from "vitest";
import {
  bitRate,
  deviation,
  duration,
  figure,
  gpus,
  lossText,
  money,
  part,
  percent,
  placementText,
  pricePerKwh,
  UNKNOWN,
} from "../src/format.ts";

describe("figures have three significant digits and a unit", () => {
  test.each([
    [figure(0.083291), "0.0833"],
    [figure(1.2), "1.2"],
    [figure(12_345), "12345"],
    [figure(Number.NaN), UNKNOWN],
    [duration(0.4123), "412 ms"],
    [duration(0.99951), "1 s"],
    [duration(192), "3.2 min"],
    [duration(9000), "2.5 h"],
    [duration(0), "0 s"],
    [bitRate(7.15e9), "7.15 Gbit/s"],
    [bitRate(12e6), "12 Mbit/s"],
    [bitRate(0), "0 bit/s"],
    [money(0.000123456), "0.000123 USD"],
    [pricePerKwh(0.08458), "0.0846 USD/kWh"],
    [percent(0.00168), "0.2 %"],
    [gpus(1), "1 GPU"],
    [gpus(3), "3 GPUs"],
  ])("%s", (text, expected) => expect(text).toBe(expected));
});

test("what is not known is a dash", () => {
  const texts = [duration(null), bitRate(undefined), money(null), pricePerKwh(null), deviation(0.4, null)];
  expect(texts).toEqual(texts.map(() => UNKNOWN));
  expect(placementText(null)).toBe(UNKNOWN);
  expect(lossText(null, null)).toBe(UNKNOWN);
});

test("a placement reads in pipeline order", () => {
  const regions = [
    { region: "netherlands", gpus: 2 },
    { region: "frankfurt", gpus: 1 },
  ];
  expect(placementText({ regions })).toBe("netherlands\u00a02 → frankfurt\u00a01");
});

test("loss reads from first to last", () => {
  expect(lossText(5.5412, 2.318)).toBe("5.541 → 2.318");
});

test("measured against predicted carries its sign", () => {
  expect(deviation(0.431, 0.412)).toBe("+4.6 %");
  expect(deviation(0.4, 0.412)).toBe("-2.9 %");
  expect(deviation(0.412, 0.412)).toBe("0.0 %");
});

test("a bar never leaves its track: a link may shrink under its reservations", () => {
  expect(part(3, 4)).toBe(0.75);
  expect(part(5, 4)).toBe(1);
  expect(part(5, 0)).toBe(0);
});
