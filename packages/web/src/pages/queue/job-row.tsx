// One job in the table. On a narrow screen a row becomes a card, and each cell names its column itself.

import { deviation, duration, money, UNKNOWN } from "@bace-pipe/core/format";
import type { ReactNode } from "react";
import type { JobView } from "../../api.ts";
import { lossText, part, placementText } from "../../format.ts";
import { addressOf } from "../../location.ts";
import { Bar } from "../../parts/bar.tsx";
import { phaseWord } from "./groups.ts";

interface Column {
  readonly heading: string;
  readonly layout?: "number" | "whole";
  readonly cell: (job: JobView) => ReactNode;
}

/** All but the first, which opens the job. */
const CELLS: readonly Column[] = [
  { heading: "Tenant", cell: ({ tenant }) => tenant },
  { heading: "Phase", cell: (job) => <Phase job={job} /> },
  { heading: "Placement", cell: ({ placement }) => placementText(placement) },
  {
    heading: "Step",
    layout: "whole",
    cell: ({ iterations, step }) => <Steps step={step} iterations={iterations} />,
  },
  {
    heading: "Loss, first → last",
    layout: "whole",
    cell: ({ firstLoss, lastLoss }) => lossText(firstLoss, lastLoss),
  },
  { heading: "Waited", layout: "number", cell: ({ waitSeconds }) => duration(waitSeconds) },
  { heading: "Step time, predicted / measured", layout: "number", cell: stepTime },
  { heading: "Electricity", layout: "number", cell: ({ electricityUsd }) => money(electricityUsd) },
];

export const COLUMNS: readonly Pick<Column, "heading" | "layout">[] = [{ heading: "Job" }, ...CELLS];

export function JobRow({ job }: { readonly job: JobView }) {
  return (
    <tr className="job">
      <th scope="row">
        <a href={addressOf(["jobs", job.id])}>{job.id}</a>
      </th>
      {CELLS.map(({ cell, heading, layout }) => {
        const content = cell(job);
        return (
          <td key={heading} data-heading={heading} data-layout={layout} data-unknown={content === UNKNOWN}>
            <div>{content}</div>
          </td>
        );
      })}
    </tr>
  );
}

function Phase({ job }: { readonly job: JobView }) {
  const word = phaseWord(job);
  return (
    <>
      <span className={`phase ${word}`}>{word}</span>
      {job.epoch > 1 && <span className="small"> epoch {job.epoch}</span>}
      {job.reason !== null && <div className="small reason">{job.reason}</div>}
    </>
  );
}

function Steps({ iterations, step }: Pick<JobView, "iterations" | "step">) {
  return (
    <>
      {step} of {iterations}
      <Bar fraction={part(step, iterations)} />
    </>
  );
}

function stepTime({ measuredStepSeconds, predictedStepSeconds }: JobView): ReactNode {
  if (predictedStepSeconds === null) return UNKNOWN;
  return (
    <>
      {duration(predictedStepSeconds)} / {duration(measuredStepSeconds)}
      {measuredStepSeconds !== null && (
        <div className="small">{deviation(measuredStepSeconds, predictedStepSeconds)}</div>
      )}
    </>
  );
}
