// Logs outlive the version that wrote them: what it made of them, every later one must make of them too.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { type Event, emptyState, reduce, type State, toSnapshot } from "@bace-pipe/core";
import { expect, test } from "vitest";
import { canonicalJson } from "../src/canonical-json.ts";

/** Of the state that the version which recorded the log came to, without the records of epochs that later ones keep. */
const RECORDED = [
  {
    file: "demo.jsonl",
    of: "six jobs of the demo, recorded before there were tokens, tenants, inputs and accounts by interval",
    sha256: "6550ec68a273a8bfa3482b619aed1d714908f78db66a227de7d16e54a8d927f9",
  },
] as const;

test.each(RECORDED)("$file: $of", ({ file, sha256 }) => {
  const lines = readFileSync(new URL(`logs/${file}`, import.meta.url), "utf8")
    .trimEnd()
    .split("\n");
  const state = lines.map((line) => JSON.parse(line) as Event).reduce<State>(reduce, emptyState());
  expect([...state.jobs.values()].map(({ outcome }) => outcome?.kind)).toEqual(Array(6).fill("finished"));
  const { jobs, ...snapshot } = toSnapshot(state);
  for (const { epoch, records } of jobs)
    expect(records).toMatchObject([{ epoch: 1, predictedStepSeconds: epoch!.predictedIterationSeconds }]);
  expect(
    createHash("sha256")
      .update(canonicalJson({ ...snapshot, jobs: jobs.map(({ records: _, ...known }) => known) }))
      .digest("hex"),
  ).toBe(sha256);
});
