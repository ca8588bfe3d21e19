// The queue as a table: what runs, what waits and in which order, what has ended.

import { bitRate, duration, loss, money, UNKNOWN } from "@bace-pipe/core/format";
import type { JobView } from "@bace-pipe/server";
import type { Colors } from "../io.ts";
import { shortPlacement } from "./placement.ts";
import { type Column, table } from "./table.ts";

/** Places of queued jobs in the policy's order, by id. */
export type Positions = ReadonlyMap<string, number>;

const RANK: Readonly<Record<JobView["phase"], number>> = {
  running: 0,
  starting: 0,
  stopping: 0,
  queued: 1,
  infeasible: 2,
  ended: 3,
};

/** Whether it holds GPUs. */
export function isActive({ phase }: JobView): boolean {
  return RANK[phase] === 0;
}

export function inOrder(jobs: readonly JobView[], positions: Positions): JobView[] {
  const place = ({ id }: JobView) => positions.get(id) ?? Number.MAX_SAFE_INTEGER;
  return [...jobs].sort((a, b) => RANK[a.phase] - RANK[b.phase] || place(a) - place(b));
}

export function queueText(
  jobs: readonly JobView[],
  positions: Positions,
  colors: Colors,
  wide = false,
): string {
  if (jobs.length === 0) return "no jobs\n";
  return table(columnsOf(positions, colors), inOrder(jobs, positions), { colors, wide });
}

function columnsOf(positions: Positions, colors: Colors): readonly Column<JobView>[] {
  return [
    { heading: "JOB", cell: ({ id }) => id },
    { heading: "TENANT", wide: true, cell: ({ tenant }) => tenant },
    { heading: "CLASS", wide: true, cell: ({ priorityClass }) => priorityClass ?? "" },
    { heading: "PHASE", cell: (job) => phaseText(job, colors) },
    { heading: "ORDER", align: "right", cell: ({ id }) => String(positions.get(id) ?? UNKNOWN) },
    { heading: "PLACEMENT", cell: ({ placement }) => shortPlacement(placement) },
    {
      ...{ heading: "RESERVED", wide: true },
      cell: ({ placement }) =>
        placement?.hops.map((hop) => bitRate(hop.reservedBitsPerSecond)).join(", ") ?? "",
    },
    { heading: "STEP", align: "right", cell: ({ step, iterations }) => `${step}/${iterations}` },
    { heading: "LOSS", align: "right", cell: ({ lastLoss }) => loss(lastLoss) },
    { heading: "FIRST LOSS", align: "right", wide: true, cell: ({ firstLoss }) => loss(firstLoss) },
    { heading: "WAITED", align: "right", cell: ({ waitSeconds }) => duration(waitSeconds) },
    { heading: "JCT", align: "right", wide: true, cell: ({ jctSeconds }) => duration(jctSeconds) },
    { heading: "PREDICTED", align: "right", cell: (job) => duration(job.predictedStepSeconds) },
    { heading: "MEASURED", align: "right", cell: (job) => duration(job.measuredStepSeconds) },
    { heading: "COST", align: "right", cell: ({ electricityUsd }) => money(electricityUsd) },
    { heading: "GPU TIME", align: "right", wide: true, cell: ({ gpuSeconds }) => duration(gpuSeconds) },
    { heading: "EPOCH", align: "right", wide: true, cell: ({ epoch }) => String(epoch) },
    { heading: "REASON", wide: true, cell: ({ reason }) => reason ?? "" },
  ];
}

/** The phase, or how it ended. */
export function phaseText({ held, phase, outcome }: JobView, colors: Colors): string {
  const word = outcome ?? (held && phase === "queued" ? "held" : phase);
  if (word === "running") return colors.green(word);
  if (word === "failed" || word === "infeasible") return colors.red(word);
  return word === "finished" || word === "cancelled" ? colors.dim(word) : colors.yellow(word);
}
