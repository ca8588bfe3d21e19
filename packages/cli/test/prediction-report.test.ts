// `bace report` as it is printed: an epoch a line, medians at the end.
import type { Report } from "@bace-pipe/server";
import { createColors } from "picocolors";
import { expect, test } from "vitest";
import { reportText } from "../src/render/report.ts";

const REPORT: Report = {
  jobs: [
    {
      ...{ jobId: "prose", phase: "ended", outcome: "finished" },
      epochs: [
        {
          ...{ epoch: 1, regions: ["oslo", "rome"], steps: 39, predictedStepSeconds: 1 },
          ...{
            calibratedStepSeconds: 1.9,
            measuredStepSeconds: 2,
            predictedError: -0.5,
            calibratedError: -0.05,
          },
        },
        {
          ...{ epoch: 2, regions: ["rome"], steps: 60, predictedStepSeconds: 2.2 },
          ...{
            calibratedStepSeconds: null,
            measuredStepSeconds: 2,
            predictedError: 0.1,
            calibratedError: null,
          },
        },
      ],
    },
  ],
  medians: { epochs: 2, predictedError: 0.3, calibratedError: 0.05 },
};

test("errors by epoch, as placed and with what was measured, and their medians", () => {
  expect(reportText(REPORT, createColors(false))).toBe(`\
JOB    PHASE     EPOCH  REGIONS      STEPS  PREDICTED  CALIBRATED  MEASURED    ERROR  CALIBRATED ERROR
prose  finished      1  oslo → rome     39        1 s       1.9 s       2 s  -50.0 %            -5.0 %
prose  finished      2  rome            60      2.2 s           –       2 s  +10.0 %                 –

Median error over 2 epochs: 30.0 % as placed, 5.0 % with what was measured. Below zero: steps took longer than predicted.
`);
});

test("nothing to report yet", () => {
  const none: Report = { jobs: [], medians: { epochs: 0, predictedError: null, calibratedError: null } };
  expect(reportText(none, createColors(false))).toBe("no job has made two steps yet\n");
});
