// When the jobs of a scenario come, and how many of one kind.
import { describe, expect, it } from "vitest";
import { parseJobs } from "../../src/spec/index.ts";
import { fleetOf } from "../support/fleets.ts";
import { BASE, complaints, job, read } from "../support/moving-scenario.ts";

describe("arrivals", () => {
  const jobs = (more = "") => `jobs:
  - ${job("name: a, copies: 2000")}
  - ${job(`name: b${more}`)}
`;
  const poisson = "arrivals: {poisson: {meanGapSeconds: 2 min}}\n";
  const times = (seed: number) =>
    read(BASE + jobs() + poisson, { seed }).jobs.map((one) => one.submitSeconds);

  it("by Poisson keep the jobs' order, start at second 0, and have the mean gap that is asked for", () => {
    const { jobs: all } = read(BASE + jobs() + poisson);
    expect(all.slice(0, 2).map(({ id }) => id)).toEqual(["a-1", "a-2"]);
    expect(all.at(-1)!.id).toBe("b");
    const seconds = all.map(({ submitSeconds }) => submitSeconds);
    expect(seconds[0]).toBe(0);
    expect(seconds).toEqual(seconds.toSorted((x, y) => x - y));
    // 2000 gaps: the mean is within 4 · 120 / √2000 s.
    expect(Math.abs(seconds.at(-1)! / 2000 - 120)).toBeLessThan(11);
  });

  it("by Poisson are the same for the same seed, and differ between seeds", () => {
    expect(times(1)).toEqual(times(1));
    expect(times(1)).not.toEqual(times(2));
    expect(read(BASE + jobs() + poisson).jobs.map((one) => one.submitSeconds)).toEqual(times(1));
  });

  it("may be all at once", () => {
    const { jobs: all } = read(`${BASE}${jobs()}arrivals: {atOnce: true}\n`);
    expect(new Set(all.map(({ submitSeconds }) => submitSeconds))).toEqual(new Set([0]));
  });

  it.each(["arrivals: {atOnce: true}\n", poisson])(
    "%s and a job's own time contradict each other",
    (arrivals) => {
      expect(complaints(BASE + jobs(", submitSeconds: 0") + arrivals)).toMatchObject([
        { code: "invalid-field", line: 12, field: "jobs[1].submitSeconds", hint: /leave submitSeconds out/ },
      ]);
    },
  );

  it("are of one kind", () => {
    const both = "arrivals: {atOnce: true, poisson: {meanGapSeconds: 1}}\n";
    expect(complaints(BASE + both)[0]!.message).toMatch(/poisson and atOnce at once/);
    expect(complaints(`${BASE}arrivals: {}\n`)[0]!.message).toMatch(/says none of poisson, atOnce/);
  });
});

describe("copies", () => {
  const jobs = (...entries: string[]) =>
    `${BASE}jobs:\n${entries.map((one) => `  - ${job(one)}\n`).join("")}`;

  it("are jobs of their own, numbered from 1", () => {
    const { jobs: all } = read(jobs("name: a, copies: 3, submitSeconds: 5", "name: b"));
    expect(all.map(({ id, submitSeconds }) => [id, submitSeconds])).toEqual([
      ["a-1", 5],
      ["a-2", 5],
      ["a-3", 5],
      ["b", 0],
    ]);
  });

  it("are there in job files too", () => {
    const parsed = parseJobs(
      job("name: a, copies: 2"),
      "job.yaml",
      fleetOf([{ gpus: 8 }], () => 0),
    );
    expect(parsed.ok && parsed.value.map(({ id }) => id)).toEqual(["a-1", "a-2"]);
  });

  it("must not have a name that is there already, or one that is too long, or be too many", () => {
    const field = "jobs[0].copies";
    expect(complaints(jobs("name: a, copies: 2", "name: a-2"))).toMatchObject([
      { code: "duplicate-name", field: "jobs[1].name", line: 12 },
    ]);
    expect(complaints(jobs(`name: ${"a".repeat(62)}, copies: 10`))).toMatchObject([
      { field, hint: /shorten/ },
    ]);
    expect(complaints(jobs("name: a, copies: 100001"))).toMatchObject([{ field, hint: /100000 or less/ }]);
    expect(complaints(jobs("name: a, copies: 60000", "name: b, copies: 60000"))).toMatchObject([
      { field: "jobs[1].copies", message: /120000 jobs by here, of 100000 at most/ },
    ]);
  });
});
