// Jobs of a trace: what a scenario takes of it, and what it says of a damaged one.
import { describe, expect, it } from "vitest";
import type { ScenarioOptions } from "../../src/spec/index.ts";
import { BASE, complaints, job, read, TRACE } from "../support/moving-scenario.ts";

describe("a trace", () => {
  const trace = (more = "") => `${BASE}trace: {file: philly.csv${more}}\n`;

  it("gives jobs after those that are written out, at the times that it has", () => {
    const { files, jobs } = read(`${trace(", mostGpus: 8, timeScale: 0.5")}jobs: [${job("name: a")}]\n`);
    expect(jobs.map(({ id, minGpus, submitSeconds }) => [id, minGpus, submitSeconds])).toEqual([
      ["a", 1, 0],
      ["job-2", 2, 0],
      ["job-4", 1, 90],
    ]);
    expect(files).toEqual([{ path: "philly.csv", text: TRACE }]);
  });

  it("says what it leaves out", () => {
    expect(read(trace(", mostGpus: 8")).warnings).toMatchObject([
      { code: "rows-left-out", file: "data/philly.csv", line: 3, message: /more than 8 GPUs/ },
    ]);
  });

  it.each([
    [", limit: 1", ["job-2"]],
    [", gpuScale: 0.5", ["job-2", "job-3", "job-4"]],
  ])("with %s", (more, ids) => {
    expect(read(trace(more)).jobs.map(({ id }) => id)).toEqual(ids);
  });

  it.each([
    [trace().replace("philly", "phily"), "file-not-read", /no file phily.csv/, /looked for data\/phily.csv/],
    [trace(", mostGpus: 8, timeScale: 0"), "invalid-field", /not above 0/, /1 for the trace as it is/],
    [
      `${trace(", mostGpus: 8")}arrivals: {atOnce: true}\n`,
      "invalid-field",
      /and so does arrivals/,
      /timeScale/,
    ],
    [`${trace(", mostGpus: 8")}jobs: [${job("name: job-4")}]\n`, "duplicate-name", /"job-4" too/, /rename/],
    [
      trace(", gpuScale: 2").replaceAll("gpus: 8", "gpus: 7"),
      "job-larger-than-any-path",
      /1 job of the trace is larger than any path of regions; "job-3" needs 18 GPUs, the largest path for it has 14/,
      /mostGpus: 14/,
    ],
  ])("that cannot be used is refused: %#", (text, code, message, hint) => {
    expect(complaints(text)).toMatchObject([{ code, message, hint, file: "s.yaml" }]);
  });

  it("that is damaged is told in its own lines", () => {
    const damaged: ScenarioOptions["readFile"] = () => ({
      file: "t.csv",
      text: TRACE.replace(",9,", ",many,"),
    });
    const found = complaints(trace(), { readFile: damaged });
    expect(found).toMatchObject([{ code: "csv-value", file: "t.csv", line: 3, column: 25 }]);
  });
});
