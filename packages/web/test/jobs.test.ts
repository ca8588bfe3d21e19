import { expect, test } from "vitest";
import { groupJobs } from "../src/pages/queue/groups.ts";
import { headline } from "../src/parts/headline.ts";
import { phaseWord } from "../src/parts/phase.tsx";
import { job } from "./support/job.ts";

test("jobs stand in three groups, the history latest first", () => {
  const jobs = [
    job("first", "ended", { outcome: "finished", endedSeconds: 20 }),
    job("second", "ended", { outcome: "failed", endedSeconds: 30 }),
    job("too-wide", "infeasible", { submittedSeconds: 25 }),
    job("third", "stopping"),
    job("fourth", "queued"),
    job("fifth", "running"),
  ];
  const names = groupJobs(jobs).map((group) => [group.title, group.jobs.map(({ id }) => id)]);
  expect(names).toEqual([
    ["Placed", ["third", "fifth"]],
    ["Queue", ["fourth"]],
    ["History", ["second", "too-wide", "first"]],
  ]);
  expect(groupJobs([]).map((group) => group.jobs)).toEqual([[], [], []]);
});

test("a job that has ended says how", () => {
  expect(phaseWord(job("a", "ended", { outcome: "cancelled" }))).toBe("cancelled");
  expect(phaseWord(job("a", "queued"))).toBe("queued");
  expect(phaseWord(job("a", "queued", { held: true }))).toBe("held");
});

test("the headline says where a job is, was or would be", () => {
  const placement = { regions: [{ region: "frankfurt", gpus: 2 }], hops: [] };
  const nothing = { hops: [], replan: null, predictedStepSeconds: null, why: null };
  const text = (kind: "start" | "placed" | "ended") => headline({ ...nothing, jobId: "a", kind, placement });
  expect(text("start")).toBe("a would start now: frankfurt\u00a02");
  expect(text("placed")).toBe("a is placed: frankfurt\u00a02");
  expect(text("ended")).toBe("a has ended; it ran on frankfurt\u00a02");
  expect(headline({ ...nothing, jobId: "a", kind: "ended", placement: null })).toBe("a has ended");
});
