// The fleet in a few figures.
import { carbon, energy, figure, money, power, UNKNOWN } from "@bace-pipe/core/format";
import { type ReactNode, useMemo } from "react";
import { type JobView, type LoadView, PATHS, type RegionList, type Totals, type Used } from "../../api.ts";
import { addressOf } from "../../location.ts";
import { Bar } from "../../parts/bar.tsx";
import { usePolling } from "../../polling.ts";

const TOTALS_EVERY_MS = 5000;

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
  const { value: totals } = usePolling<Totals>(PATHS.totals, TOTALS_EVERY_MS);
  const total = regions.regions.reduce((sum, { gpus }) => sum + gpus, 0);
  const free = regions.regions.reduce((sum, { name }) => sum + (load.freeGpus[name] ?? 0), 0);
  return (
    <ul className="figures">
      <Figure name="GPUs in use" value={`${total - free} of ${total}`}>
        <Bar fraction={total > 0 ? (total - free) / total : 0} />
      </Figure>
      <Figure name="Jobs running" value={<a href={addressOf(["queue"])}>{figure(counts.placed)}</a>} />
      <Figure name="Waiting" value={<a href={addressOf(["queue"])}>{figure(counts.queued)}</a>} />
      <Figure name="Power now" value={power(totals?.now.powerWatts)}>
        <Small>{perHour(totals, regions)}</Small>
      </Figure>
      <Figure name="Electricity today (UTC)" value={money(totals?.today?.electricityUsd)}>
        <Small>{usedText(totals?.today, regions)}</Small>
      </Figure>
      <Figure name="In all" value={money(totals?.overall.electricityUsd)}>
        <Small>{usedText(totals?.overall, regions)}</Small>
      </Figure>
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

function Small({ children }: { readonly children: ReactNode }) {
  return <span className="small">{children}</span>;
}

function perHour(totals: Totals | undefined, regions: RegionList): string {
  if (!totals) return UNKNOWN;
  const { carbonGramsPerHour, usdPerHour } = totals.now;
  const emitted = carbonText(carbonGramsPerHour, regions);
  return `${money(usdPerHour)}/h${emitted === "" ? "" : ` · ${emitted}/h`}`;
}

function usedText(used: Used | null | undefined, regions: RegionList): string {
  if (!used) return UNKNOWN;
  const emitted = carbonText(used.carbonGrams, regions);
  return `${energy(used.energyKwh)}${emitted === "" ? "" : ` · ${emitted}`}`;
}

/** Regions of which nobody knows it count as none: then it is a least, or nothing to be told. */
function carbonText(grams: number, { regions }: RegionList): string {
  const known = regions.filter(({ carbonGramsPerKwh }) => carbonGramsPerKwh != null).length;
  if (known === 0) return "";
  return `${known < regions.length ? "≥ " : ""}${carbon(grams)}`;
}

function countsOf(jobs: Iterable<JobView>) {
  let [placed, queued] = [0, 0];
  for (const job of jobs) {
    if (job.phase === "queued") queued++;
    else if (job.phase !== "ended" && job.phase !== "infeasible") placed++;
  }
  return { placed, queued };
}
