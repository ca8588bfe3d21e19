import { expect, test } from "vitest";
import { type Caller, whyNot } from "../src/live/caller.ts";
import { excerptOf } from "../src/pages/submit/complaint.ts";
import { jobsIn, jobWords, regionWords } from "../src/parts/consequences.ts";
import { job } from "./support/job.ts";

test("a complaint has its line, a caret below the word, and its place in the text", () => {
  const text = "name: a\r\nmodel: tiny-bite, x\n\tlast: 1";
  expect(excerptOf(text, { line: 2, column: 8 })).toEqual({
    ...{ line: "model: tiny-bite, x", carets: "       ^^^^^^^^^" },
    ...{ from: 16, to: 25 },
  });
  expect(text.slice(16, 25)).toBe("tiny-bite");
  expect(excerptOf(text, { line: 3, column: 2 })).toMatchObject({ line: " last: 1", carets: " ^^^^" });
});

test("a complaint about what is missing stands at the end of its line, or has none", () => {
  expect(excerptOf("a:", { line: 1, column: 9 })).toEqual({ line: "a:", carets: "  ^", from: 2, to: 2 });
  expect(excerptOf("a:", { line: 2, column: 1 })).toBeUndefined();
});

test("what a token does not allow is said before it is tried", () => {
  const caller = (scopes: Caller["scopes"], tenant: string | null = null) => ({ name: "ci", scopes, tenant });
  expect(whyNot(caller(["read", "submit"]), "submit")).toBe("");
  expect(whyNot(caller(["admin"]), "operate", { ofAll: true })).toBe("");
  expect(whyNot(caller(["read", "submit"]), "operate")).toBe("Your token “ci” is for read and submit alone.");
  expect(whyNot(caller(["operate"], "library"), "operate")).toBe("");
  expect(whyNot(caller(["operate"], "library"), "operate", { ofAll: true })).toContain("tenant library");
  expect(whyNot(undefined, "read")).not.toBe("");
});

const placement = { regions: [{ region: "east", gpus: 2 }], hops: [] };

test("before a job is cancelled it is said what is lost", () => {
  const running = job("a", "running", { placement, step: 119, iterations: 400, measuredStepSeconds: 2 });
  const text = jobWords("cancel", running);
  expect(text).toContain("a runs step 120 of 400, 2 s each, on east\u00a02.");
  expect(text).toContain("there is none yet, so all is lost");
  expect(jobWords("cancel", { ...running, committedStep: 100 })).toContain("that of step 100 is the newest");
  expect(jobWords("hold", job("a", "queued"))).toBe(
    "a waits and holds no GPU. It stays in the queue and is not placed until it is released.",
  );
});

test("before a region is closed it is said which jobs that is about", () => {
  const jobs = [
    job("a", "running", { placement }),
    job("b", "ended", { placement }),
    job("c", "starting", { placement }),
    job("d", "running", { placement: { regions: [{ region: "west", gpus: 1 }], hops: [] } }),
  ];
  expect(jobsIn("east", jobs)).toEqual(["a", "c"]);
  expect(regionWords("cordon", "east", ["a", "c"])).toContain("a and c go on there.");
  expect(regionWords("drain", "east", ["a"])).toContain("a stops with a checkpoint, and goes on elsewhere");
  expect(regionWords("drain", "east", ["1", "2", "3", "4", "5", "6", "7"])).toContain("5 and 2 more stop");
  expect(regionWords("cordon", "east", [])).toContain("Nothing runs there now.");
});
