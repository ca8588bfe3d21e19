import { describe, expect, test } from "vitest";
import { bitRate, deviation, duration, energy, figure, gpus, loss, money, share } from "../src/format.ts";

describe("figures", () => {
  test.each([
    [0, "0"],
    [0.00042, "0.00042"],
    [0.000421987, "0.000422"],
    [0.0000004, "0.0000004"],
    [3.2, "3.2"],
    [12.345, "12.3"],
    [1234.5, "1235"],
    [-12.345, "-12.3"],
    [Number.POSITIVE_INFINITY, "–"],
  ])("%d reads %s: three digits, no exponent, no trailing zeros", (value, text) => {
    expect(figure(value)).toBe(text);
  });
});

describe("every figure has its unit", () => {
  test.each([
    [0, "0 s"],
    [0.0123, "12.3 ms"],
    [0.9999, "1 s"],
    [41.53, "41.5 s"],
    [192, "3.2 min"],
    [9000, "2.5 h"],
    [200_000, "2.31 d"],
  ])("%d s is %s", (seconds, text) => expect(duration(seconds)).toBe(text));

  test.each([
    [0, "0 bit/s"],
    [58e6, "58 Mbit/s"],
    [4.1e9, "4.1 Gbit/s"],
    [1.5e12, "1.5 Tbit/s"],
  ])("%d bit/s is %s", (rate, text) => expect(bitRate(rate)).toBe(text));

  test.each([
    [0.0371, "37.1 Wh"],
    [1.24, "1.24 kWh"],
    [1749, "1.75 MWh"],
  ])("%d kWh is %s", (kwh, text) => expect(energy(kwh)).toBe(text));

  test("money, shares, GPUs and losses", () => {
    expect(money(0.00042)).toBe("0.00042 USD");
    expect(share(0.728)).toBe("72.8 %");
    expect([gpus(1), gpus(3)]).toEqual(["1 GPU", "3 GPUs"]);
    expect(loss(5.5)).toBe("5.500");
  });

  test("what is not known is a dash", () => {
    expect([duration(null), money(undefined), share(null), loss(null)]).toEqual(["–", "–", "–", "–"]);
  });
});

test("a deviation has a sign, and none where there is nothing to compare with", () => {
  expect(deviation(12, 10)).toBe("+20.0 %");
  expect(deviation(9, 10)).toBe("-10.0 %");
  expect(deviation(10.0001, 10)).toBe("0.0 %");
  expect(deviation(1, 0)).toBe("–");
  expect(deviation(null, 10)).toBe("–");
});
