import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { idealIterationSeconds } from "../../../src/cost/gpu-count.ts";
import { createPolicy } from "../../../src/scheduler/registry.ts";
import { simulate } from "../../../src/simulator/engine.ts";
import { jobsYaml } from "../../../src/spec/import/jobs.ts";
import { TRACE_DEFAULTS, tracedJobs } from "../../../src/spec/import/traces.ts";
import { parseJobs } from "../../../src/spec/scenario.ts";
import { fleetOf, gpu } from "../../support/fleets.ts";
import { complaintsOf, opened, placesOf, sharedFile, sharedIsHere, warningsOf } from "./support.ts";

const HEADER = "timestamp,duration,num_gpus,gpu_time,cluster";
const TRACE = `${HEADER}
2017-10-09 00:10:00,2951.0,2,5902.0,6214e9
2017-10-09 00:00:00,66.0,1,66.0,103959
2017-10-09 01:00:00,7200.0,8,57600.0,6214e9
`;

describe("tracedJobs", () => {
  it("sorts by submit time, counts from the first, and names jobs after their lines", () => {
    const jobs = opened(tracedJobs(TRACE, "t.csv"));
    expect(
      jobs.map(({ id, tenant, submitSeconds, minGpus, maxGpus, layers }) => ({
        id,
        tenant,
        submitSeconds,
        minGpus,
        maxGpus,
        layers,
      })),
    ).toEqual([
      { id: "job-3", tenant: "103959", submitSeconds: 0, minGpus: 1, maxGpus: 1, layers: 1 },
      { id: "job-2", tenant: "6214e9", submitSeconds: 600, minGpus: 2, maxGpus: 2, layers: 2 },
      { id: "job-4", tenant: "6214e9", submitSeconds: 3600, minGpus: 8, maxGpus: 8, layers: 8 },
    ]);
  });

  it("gives a job that takes the trace's time on its GPUs, whatever both are", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 1e7, noNaN: true }),
        fc.integer({ min: 1, max: 512 }),
        fc.integer({ min: 1, max: 256 }),
        (duration, gpus, microbatches) => {
          const text = `${HEADER}\n2017-10-09 00:00:00,${duration},${gpus},0,a\n`;
          const [job] = opened(tracedJobs(text, "t.csv", { microbatches }));
          const seconds = job!.iterations * idealIterationSeconds(job!, gpu, gpus);
          expect(Math.abs(seconds / duration - 1)).toBeLessThan(1e-12);
        },
      ),
    );
  });

  it("gives jobs that the simulator runs for as long as they did, with the 1F1B schedule too", () => {
    const jobs = opened(tracedJobs(TRACE, "t.csv"));
    const fleet = fleetOf([{ gpus: 16 }], () => 0);
    const result = simulate({ fleet, jobs, policy: createPolicy("bace"), timeModel: "1f1b" });
    const run = result.jobs.map(({ startSeconds, endSeconds }) => endSeconds! - startSeconds!);
    [66, 2951, 7200].forEach((seconds, i) => {
      expect(run[i]).toBeCloseTo(seconds, 6);
    });
  });

  it("compresses arrivals and multiplies GPUs without touching run times", () => {
    const jobs = opened(tracedJobs(TRACE, "t.csv", { timeScale: 0.1, gpuScale: 2.5 }));
    expect(jobs.map(({ submitSeconds, minGpus }) => [submitSeconds, minGpus])).toEqual([
      [0, 3],
      [60, 5],
      [360, 20],
    ]);
    const seconds = jobs.map((job) => job.iterations * idealIterationSeconds(job, gpu, job.minGpus));
    expect(seconds[2]).toBeCloseTo(7200, 6);
  });

  it("takes a span of time and the first so many of it", () => {
    const from = Date.parse("2017-10-09T00:05:00Z") / 1000;
    const ids = (options: object) => opened(tracedJobs(TRACE, "t.csv", options)).map(({ id }) => id);
    expect(ids({ fromSeconds: from })).toEqual(["job-2", "job-4"]);
    expect(ids({ toSeconds: from })).toEqual(["job-3"]);
    expect(ids({ fromSeconds: from, limit: 1 })).toEqual(["job-2"]);
  });

  it("counts the rows that it leaves out", () => {
    const text = `${TRACE}2017-10-09 02:00:00,0,1,0,a\n2017-10-09 02:00:00,50,0,0,a\n`;
    const result = tracedJobs(text, "t.csv", { mostGpus: 4 });
    expect(opened(result)).toHaveLength(2);
    expect(warningsOf(result).map(({ line, message }) => [line, message])).toEqual([
      [5, "2 rows without a GPU or a duration left out, this one first"],
      [4, "1 row of more than 4 GPUs left out, this one first"],
    ]);
  });

  it("makes names of clusters that are none, and says so", () => {
    const result = tracedJobs(TRACE.replaceAll("6214e9", "Vision Team"), "t.csv");
    expect(opened(result).map(({ tenant }) => tenant)).toEqual(["103959", "vision-team", "vision-team"]);
    expect(warningsOf(result)).toMatchObject([
      { message: expect.stringMatching(/2 jobs/), hint: 'it is written "vision-team"' },
    ]);
  });

  it.each([
    ["no timestamp", "2017-13-09 00:10:00,1,1,1,a", "2:1 csv-value"],
    ["no duration", "2017-10-09 00:10:00,long,1,1,a", "2:21 csv-value"],
    ["half a GPU", "2017-10-09 00:10:00,1,0.5,1,a", "2:23 csv-value"],
    ["fewer GPUs than none", "2017-10-09 00:10:00,1,-1,1,a", "2:23 csv-value"],
  ])("complains of %s", (_what, row, place) => {
    expect(placesOf(complaintsOf(tracedJobs(`${HEADER}\n${row}\n`, "t.csv")))).toEqual([place]);
  });

  it("complains where nothing is left", () => {
    const [complaint] = complaintsOf(tracedJobs(TRACE, "t.csv", { toSeconds: 0 }));
    expect(complaint).toMatchObject({ code: "rows-left-out", message: "none of 3 jobs is chosen" });
  });
});

describe("jobsYaml", () => {
  it("is a job file of the same jobs: tenants that look like numbers stay names", () => {
    const jobs = opened(tracedJobs(TRACE, "t.csv"));
    const parsed = parseJobs(
      jobsYaml(jobs, ["a\nnote"]),
      "jobs.yaml",
      fleetOf([{ gpus: 8 }], () => 0),
    );
    expect(parsed.ok && parsed.value).toEqual(jobs);
  });

  it("a job of the largest size that is let through is one that a job file may hold", () => {
    const text = `${HEADER}\n2017-10-09,1,2000,1,a\n2017-10-09,1,${TRACE_DEFAULTS.mostGpus},1,a\n`;
    const jobs = opened(tracedJobs(text, "t.csv"));
    expect(jobs.map(({ minGpus }) => minGpus)).toEqual([TRACE_DEFAULTS.mostGpus]);
    expect(
      parseJobs(
        jobsYaml(jobs, []),
        "jobs.yaml",
        fleetOf([{ gpus: 512 }], () => 0),
      ).ok,
    ).toBe(true);
  });
});

describe.skipIf(!sharedIsHere)("the whole trace of Philly", () => {
  const { text, file } = sharedIsHere ? sharedFile("jobs/philly.csv") : { text: "", file: "" };

  it("gives all 82,247 jobs and their GPU time, without a warning", () => {
    const result = tracedJobs(text, file);
    const jobs = opened(result);
    expect(warningsOf(result)).toEqual([]);
    expect(jobs).toHaveLength(82_247);
    const rows = text.trimEnd().split("\n").slice(1);
    const published = rows.reduce((sum, row) => sum + Number(row.split(",")[3]), 0);
    const ours = jobs.reduce(
      (sum, job) => sum + job.minGpus * job.iterations * idealIterationSeconds(job, gpu, job.minGpus),
      0,
    );
    expect(ours / published).toBeCloseTo(1, 9);
    expect(new Set(jobs.map(({ tenant }) => tenant)).size).toBe(15);
  });
});
