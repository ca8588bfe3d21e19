// The queue: what holds GPUs, what waits, in which order and why, and what is over.
import "./queue.css";
import { useDeferredValue, useId, useMemo } from "react";
import type { JobView, QueueEntry, QueueView } from "../../api.ts";
import { PATHS } from "../../api.ts";
import { useKnown } from "../../live/index.ts";
import { addressOf, replaceQuery } from "../../location.ts";
import { NotYet } from "../../parts/not-yet.tsx";
import { usePolling } from "../../polling.ts";
import type { PageProps } from "../index.ts";
import { type Column, HISTORY, PLACED, type Row, WAITING } from "./columns.tsx";
import { filterOf, isShown, nextSort, sorted, sortOf, sortText, withField } from "./filter.ts";
import { FilterBar } from "./filter-bar.tsx";
import { groupJobs } from "./groups.ts";
import { JobsTable } from "./jobs-table.tsx";

/** For a long queue this is work for the service: it is asked less often than it tells. */
const EVERY_MS = 4000;

export function QueuePage({ place }: PageProps) {
  const { isWhole, jobs, version } = useKnown();
  const { failure, value: queue } = usePolling<QueueView>(PATHS.queue, EVERY_MS);
  const { query } = place;
  const filter = useDeferredValue(useMemo(() => filterOf(query), [query]));
  // biome-ignore lint/correctness/useExhaustiveDependencies: the map is changed in place; the version tells.
  const groups = useMemo(() => groupJobs(jobs.values()), [jobs, version]);
  const entries = useMemo(() => new Map(queue?.jobs.map((entry) => [entry.jobId, entry])), [queue]);
  if (!isWhole) return <NotYet title="Queue" />;
  const isNone = jobs.size === 0;
  return (
    <>
      <h1>Queue</h1>
      {isNone ? (
        <p>
          No jobs yet. <a href={addressOf(["submit"])}>Submit one</a>, or <code>bace submit job.yaml</code>.
        </p>
      ) : (
        <>
          <FilterBar query={query} jobs={jobs} version={version} />
          {groups.map(({ jobs: all, title }) => (
            <Part
              key={title}
              name={PARTS[title].name}
              title={PARTS[title].title}
              columns={PARTS[title].columns}
              jobs={all}
              shown={all.filter((job) => isShown(job, filter))}
              entries={entries}
              query={query}
            />
          ))}
          {queue && <p className="small">Order and reasons by {queue.policy}, asked every few seconds.</p>}
          {failure && <p className="small wrong">The order is not known now: {failure.message}</p>}
        </>
      )}
    </>
  );
}

const PARTS = {
  Placed: { name: "placed", title: "Placed", columns: PLACED },
  Queue: { name: "waiting", title: "Waiting", columns: WAITING },
  History: { name: "history", title: "History", columns: HISTORY },
} as const;

interface PartProps {
  /** In the address. */
  readonly name: string;
  readonly title: string;
  readonly columns: readonly Column[];
  readonly jobs: readonly JobView[];
  readonly shown: readonly JobView[];
  readonly entries: ReadonlyMap<string, QueueEntry>;
  readonly query: URLSearchParams;
}

function Part({ columns, entries, jobs, name, query, shown, title }: PartProps) {
  const heading = useId();
  const sort = sortOf(query, name);
  const rows = shown.map((job): Row => ({ job, entry: entries.get(job.id) }));
  const column = columns.find(({ id }) => id === sort?.by) ?? (name === "waiting" ? columns[0] : undefined);
  const ordered = sorted(
    rows,
    sort || name === "waiting" ? column?.by : undefined,
    sort?.isDescending ?? false,
  );
  return (
    <section aria-labelledby={heading}>
      <h2 id={heading}>
        {title}{" "}
        <span className="count">
          {shown.length === jobs.length ? jobs.length : `${shown.length} of ${jobs.length}`}
        </span>
      </h2>
      {ordered.length > 0 ? (
        <JobsTable
          label={title}
          columns={columns}
          rows={ordered}
          sort={sort}
          onSort={(by) => replaceQuery(withField(query, name, sortText(nextSort(sort, by))))}
        />
      ) : (
        <p className="small">None{jobs.length > 0 ? " that the filter shows" : ""}.</p>
      )}
    </section>
  );
}
