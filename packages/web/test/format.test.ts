import { UNKNOWN } from "@bace-pipe/core/format";
import { expect, test } from "vitest";
import { lossText, part, placementText } from "../src/format.ts";

test("what is not known is a dash", () => {
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

test("a bar never leaves its track: a link may shrink under its reservations", () => {
  expect(part(3, 4)).toBe(0.75);
  expect(part(5, 4)).toBe(1);
  expect(part(5, 0)).toBe(0);
});
