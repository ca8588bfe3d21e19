// The queue and its history as one table; a job opens its own page.
import { useState } from "react";
import type { JobView } from "../../api.ts";
import { groupJobs, type JobGroup } from "./groups.ts";
import { COLUMNS, JobRow } from "./job-row.tsx";

/** Longer histories are drawn when asked for: the page is drawn again every second. */
const HISTORY_ROWS = 30;

export function Jobs({ jobs }: { readonly jobs: readonly JobView[] }) {
  return (
    <section aria-labelledby="jobs">
      <h2 id="jobs">Jobs</h2>
      {jobs.length === 0 ? (
        <p>
          No jobs yet. <code>bace submit job.yaml</code> adds some.
        </p>
      ) : (
        <table className="jobs" aria-labelledby="jobs">
          <thead>
            <tr>
              {COLUMNS.map(({ heading, layout }) => (
                <th key={heading} scope="col" data-layout={layout}>
                  {heading}
                </th>
              ))}
            </tr>
          </thead>
          {groupJobs(jobs).map((group) => (
            <Group key={group.title} group={group} />
          ))}
        </table>
      )}
    </section>
  );
}

function Group({ group }: { readonly group: JobGroup }) {
  const [all, setAll] = useState(false);
  const limit = group.title === "History" && !all ? HISTORY_ROWS : Number.POSITIVE_INFINITY;
  const shown = group.jobs.slice(0, limit);
  const hidden = group.jobs.length - shown.length;
  return (
    <tbody>
      <tr className="group">
        <th scope="rowgroup" colSpan={COLUMNS.length}>
          {group.title} <span className="count">{group.jobs.length}</span>
        </th>
      </tr>
      {shown.map((job) => (
        <JobRow key={job.id} job={job} />
      ))}
      {hidden > 0 && (
        <tr className="more">
          <td colSpan={COLUMNS.length}>
            <button type="button" onClick={() => setAll(true)}>
              Show {hidden} older
            </button>
          </td>
        </tr>
      )}
    </tbody>
  );
}
