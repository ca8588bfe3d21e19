// What became of the demo's jobs: measured beside predicted, why each was where it was, and whether all is well.

import { deviation, duration, loss, money } from "@bace-pipe/core/format";
import type { DecisionView, JobView } from "@bace-pipe/server";
import type { Colors } from "../io.ts";
import { whyLine } from "../render/explanation.ts";
import { shortPlacement } from "../render/placement.ts";
import { phaseText } from "../render/queue.ts";
import { type Column, table } from "../render/table.ts";

export function summaryText(
  jobs: readonly JobView[],
  decisions: readonly DecisionView[],
  colors: Colors,
): string {
  const columns: readonly Column<JobView>[] = [
    { heading: "JOB", cell: ({ id }) => id },
    { heading: "OUTCOME", cell: (job) => phaseText(job, colors) },
    { heading: "WAITED", align: "right", cell: ({ waitSeconds }) => duration(waitSeconds) },
    { heading: "JCT", align: "right", cell: ({ jctSeconds }) => duration(jctSeconds) },
    { heading: "PLACEMENT", cell: ({ placement }) => shortPlacement(placement) },
    { heading: "PREDICTED STEP", align: "right", cell: (job) => duration(job.predictedStepSeconds) },
    { heading: "MEASURED STEP", align: "right", cell: (job) => duration(job.measuredStepSeconds) },
    {
      heading: "DIFFERENCE",
      align: "right",
      cell: (job) => deviation(job.measuredStepSeconds, job.predictedStepSeconds),
    },
    { heading: "FIRST LOSS", align: "right", cell: ({ firstLoss }) => loss(firstLoss) },
    { heading: "LAST LOSS", align: "right", cell: ({ lastLoss }) => loss(lastLoss) },
    { heading: "ELECTRICITY", align: "right", cell: ({ electricityUsd }) => money(electricityUsd) },
  ];
  const whys = jobs.map((job) => `${job.id}: ${whyOf(job, decisions)}\n`).join("");
  return `${table(columns, jobs, { colors })}\n${colors.bold("Why there")}\n${whys}`;
}

function whyOf({ epoch, id }: JobView, decisions: readonly DecisionView[]): string {
  const decision = decisions.find((each) => each.jobId === id && each.epoch === epoch);
  return decision?.placement ? whyLine(decision.why, decision.placement) : "never placed";
}

/** What is wrong with the outcome, a line per job; empty if every job that was submitted finished and learned something. */
export function complaintsAbout(
  submitted: readonly { readonly id: string }[],
  jobs: readonly JobView[],
): string[] {
  if (submitted.length === 0) return ["no job was submitted"];
  return submitted.flatMap(({ id }) => {
    const job = jobs.find((each) => each.id === id);
    return job ? complaintsAboutOne(job) : [`${id} was submitted, and the service does not know it`];
  });
}

function complaintsAboutOne({ firstLoss, id, lastLoss, outcome, phase, reason }: JobView): string[] {
  if (outcome !== "finished")
    return [`${id} did not finish: ${outcome ?? phase}${reason ? `, ${reason}` : ""}`];
  const fell = firstLoss !== null && lastLoss !== null && lastLoss < firstLoss;
  return fell
    ? []
    : [`the loss of ${id} did not fall: ${loss(firstLoss)} at first, ${loss(lastLoss)} at last`];
}
