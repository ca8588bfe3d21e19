// The fleet in a few figures.
import { figure, money } from "@bace-pipe/core/format";
import { type ReactNode, useMemo } from "react";
import type { JobView, LoadView, RegionList } from "../../api.ts";
import { addressOf } from "../../location.ts";
import { Bar } from "../../parts/bar.tsx";

export interface FiguresProps {
  readonly jobs: ReadonlyMap<string, JobView>;
  /** The map of jobs is changed in place. */
  readonly version: number;
  readonly regions: RegionList;
  readonly load: LoadView;
}

export function Figures({ jobs, load, regions, version }: FiguresProps) {
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version tells that the map has changed.
  const counts = useMemo(() => countsOf(jobs.values()), [jobs, version]);
  const total = regions.regions.reduce((sum, { gpus }) => sum + gpus, 0);
  const free = regions.regions.reduce((sum, { name }) => sum + (load.freeGpus[name] ?? 0), 0);
  return (
    <ul className="figures">
      <Figure name="GPUs in use" value={`${total - free} of ${total}`}>
        <Bar fraction={total > 0 ? (total - free) / total : 0} />
      </Figure>
      <Figure name="Jobs running" value={<a href={addressOf(["queue"])}>{figure(counts.placed)}</a>} />
      <Figure name="Waiting" value={<a href={addressOf(["queue"])}>{figure(counts.queued)}</a>} />
      <Figure name="Electricity so far" value={money(counts.electricityUsd)} />
    </ul>
  );
}

interface FigureProps {
  readonly name: string;
  readonly value: ReactNode;
  readonly children?: ReactNode;
}

function Figure({ children, name, value }: FigureProps) {
  return (
    <li className="card">
      <span className="small">{name}</span>
      <strong>{value}</strong>
      {children}
    </li>
  );
}

function countsOf(jobs: Iterable<JobView>) {
  let [placed, queued, electricityUsd] = [0, 0, 0];
  for (const job of jobs) {
    if (job.phase === "queued") queued++;
    else if (job.phase !== "ended" && job.phase !== "infeasible") placed++;
    electricityUsd += job.electricityUsd;
  }
  return { placed, queued, electricityUsd };
}
