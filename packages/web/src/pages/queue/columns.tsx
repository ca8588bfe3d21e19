// What is shown of a job in each part of the page.
import { deviation, duration, loss, money, UNKNOWN } from "@bace-pipe/core/format";
import type { ReactNode } from "react";
import type { JobView, QueueEntry } from "../../api.ts";
import { lossText, part, placementText, unbroken } from "../../format.ts";
import { addressOf } from "../../location.ts";
import { Bar } from "../../parts/bar.tsx";
import { Phase, phaseWord } from "../../parts/phase.tsx";
import { Waited } from "../../parts/waited.tsx";
import type { SortKey } from "./filter.ts";
import { overSeconds } from "./groups.ts";
import { needText, orderName, termsOf } from "./words.ts";

export interface Row {
  readonly job: JobView;
  /** Of jobs that wait, as soon as the policy has been asked. */
  readonly entry?: QueueEntry | undefined;
}

export interface Column {
  readonly id: string;
  readonly heading: string;
  readonly layout?: "number";
  /** Share of the width. */
  readonly width: number;
  readonly cell: (row: Row) => ReactNode;
  readonly by?: (row: Row) => SortKey;
}

const NAME: Column = {
  ...{ id: "job", heading: "Job", width: 15, by: ({ job }) => job.id },
  cell: ({ job }) => <a href={addressOf(["jobs", job.id])}>{job.id}</a>,
};
const TENANT: Column = {
  ...{ id: "tenant", heading: "Tenant", width: 10, by: ({ job }) => job.tenant },
  cell: ({ job: { priorityClass, tenant } }) => (
    <>
      {tenant}
      {priorityClass !== undefined && <span className="small"> {priorityClass}</span>}
    </>
  ),
};
const PHASE: Column = {
  ...{ id: "phase", heading: "Phase", width: 12, by: ({ job }) => phaseWord(job) },
  cell: ({ job }) => (
    <>
      <Phase job={job} />
      {job.epoch > 1 && <span className="small"> epoch {job.epoch}</span>}
      {job.reason !== null && job.reason !== phaseWord(job) && (
        <div className="small reason">{job.reason}</div>
      )}
    </>
  ),
};
const PLACEMENT: Column = {
  ...{ id: "placement", heading: "Placement", width: 18 },
  cell: ({ job }) => placementText(job.placement),
  by: ({ job }) => job.placement?.regions.map(({ region }) => region).join(" ") ?? null,
};
const STEP: Column = {
  ...{ id: "step", heading: "Step", width: 11, by: ({ job }) => part(job.step, job.iterations) },
  cell: ({ job: { iterations, step } }) => (
    <>
      {step} of {iterations}
      <Bar fraction={part(step, iterations)} />
    </>
  ),
};
const WAITED: Column = {
  ...{ id: "waited", heading: "Waited", width: 8, layout: "number", by: ({ job }) => job.waitSeconds },
  cell: ({ job }) => <Waited job={job} />,
};
const COST: Column = {
  ...{ id: "cost", heading: "Electricity", width: 11, layout: "number", by: ({ job }) => job.electricityUsd },
  cell: ({ job }) => money(job.electricityUsd),
};

export const PLACED: readonly Column[] = [
  NAME,
  TENANT,
  PHASE,
  PLACEMENT,
  STEP,
  {
    ...{ id: "loss", heading: "Loss", width: 7, layout: "number", by: ({ job }) => job.lastLoss },
    cell: ({ job }) => loss(job.lastLoss),
  },
  {
    ...{ id: "step-time", heading: "Step time", width: 13, layout: "number" },
    by: ({ job }) => job.measuredStepSeconds,
    cell: ({ job }) => <StepTime job={job} />,
  },
  COST,
];

export const WAITING: readonly Column[] = [
  {
    ...{ id: "place", heading: "Place", width: 6, layout: "number" },
    by: ({ entry }) => entry?.position ?? null,
    cell: ({ entry }) => entry?.position ?? UNKNOWN,
  },
  { ...NAME, width: 14 },
  TENANT,
  { ...WAITED, by: ({ job }) => -job.submittedSeconds },
  {
    ...{ id: "order", heading: "Order", width: 17 },
    by: ({ entry }) => (entry?.order?.kind === "priority" ? -entry.order.score : (entry?.position ?? null)),
    cell: ({ entry }) => <Terms entry={entry} />,
  },
  {
    ...{ id: "gpus", heading: "GPUs", width: 7, layout: "number" },
    by: ({ entry }) => entry?.neededGpus ?? null,
    cell: ({ entry }) => gpusWanted(entry),
  },
  {
    ...{ id: "why", heading: "Why it waits, and what would let it start", width: 42 },
    cell: (row) => <Why {...row} />,
  },
];

export const HISTORY: readonly Column[] = [
  NAME,
  TENANT,
  { ...PHASE, heading: "End" },
  PLACEMENT,
  {
    ...{ id: "loss", heading: "Loss, first → last", width: 12, by: ({ job }) => job.lastLoss },
    cell: ({ job }) => lossText(job.firstLoss, job.lastLoss),
  },
  WAITED,
  {
    ...{ id: "jct", heading: "JCT", width: 8, layout: "number", by: ({ job }) => job.jctSeconds },
    cell: ({ job }) => duration(job.jctSeconds),
  },
  COST,
  {
    ...{ id: "ended", heading: "Ended", width: 13, layout: "number", by: ({ job }) => overSeconds(job) },
    cell: ({ job }) => (job.endedSeconds === null ? UNKNOWN : dateText(job.endedSeconds)),
  },
];

function StepTime({ job: { measuredStepSeconds, predictedStepSeconds } }: { readonly job: JobView }) {
  return (
    <>
      {duration(measuredStepSeconds)}
      <div className="small">
        predicted {unbroken(duration(predictedStepSeconds))}
        {measuredStepSeconds !== null &&
          `, ${unbroken(deviation(measuredStepSeconds, predictedStepSeconds))}`}
      </div>
    </>
  );
}

function Terms({ entry }: Pick<Row, "entry">) {
  if (!entry?.order) return UNKNOWN;
  const terms = termsOf(entry.order);
  const { precedence } = entry;
  return (
    <>
      {terms.length === 0 ? (
        orderName(entry.order)
      ) : (
        <span className="terms">
          {terms.map(([name, value, title]) => (
            <span key={name} title={title}>
              <span className="small">{name}</span> {value}
            </span>
          ))}
        </span>
      )}
      {precedence?.behind !== undefined && <div className="small">behind {precedence.behind}</div>}
    </>
  );
}

function gpusWanted(entry: QueueEntry | undefined): string {
  if (!entry || entry.neededGpus === null) return UNKNOWN;
  const { neededGpus, targetGpus } = entry;
  return targetGpus === null || targetGpus === neededGpus
    ? String(neededGpus)
    : `${neededGpus}–${targetGpus}`;
}

function Why({ entry, job }: Row) {
  if (!entry) return job.reason ?? UNKNOWN;
  if (entry.decision === "start") return "it would start now";
  const nowSeconds = job.submittedSeconds + entry.waitSeconds;
  return (
    <>
      {entry.why ?? UNKNOWN}
      {entry.needs.length > 0 && (
        <div className="small">
          starts {entry.needs.map((need) => needText(need, nowSeconds)).join(" and ")}
        </div>
      )}
    </>
  );
}

function dateText(seconds: number): string {
  return new Date(1000 * seconds).toLocaleString(undefined, { dateStyle: "short", timeStyle: "short" });
}
