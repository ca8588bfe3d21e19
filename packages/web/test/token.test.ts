import { expect, test } from "vitest";
import { tokenIn } from "../src/token.ts";

test("the token of an address is taken; anything else there is not", () => {
  expect(tokenIn("#token=bace_0123456789ab_aA0-_")).toBe("bace_0123456789ab_aA0-_");
  for (const hash of [
    "",
    "#/",
    "#/jobs/a",
    "#token=",
    "#token=javascript:alert(1)",
    "#token=bace_x&next=//evil",
  ])
    expect(tokenIn(hash)).toBeUndefined();
});
