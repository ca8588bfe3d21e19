// The queue and its history as one table; a job opens to show why it is where it is.
import { Fragment, useState } from "react";
import type { JobView } from "../api.ts";
import { useOpenJob } from "../location.ts";
import { groupJobs, type JobGroup } from "../queue.ts";
import { ExplanationRow } from "./explanation.tsx";
import { COLUMNS, JobRow } from "./job-row.tsx";

/** Longer histories are drawn when asked for: the page is drawn again every second. */
const HISTORY_ROWS = 30;

export function Jobs({ jobs }: { readonly jobs: readonly JobView[] }) {
  const open = useOpenJob();
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
            <Group key={group.title} group={group} open={open} />
          ))}
        </table>
      )}
    </section>
  );
}

function Group({ group, open }: { readonly group: JobGroup; readonly open: string | undefined }) {
  const [all, setAll] = useState(false);
  const limit = group.title === "History" && !all ? HISTORY_ROWS : Number.POSITIVE_INFINITY;
  const shown = group.jobs.filter(({ id }, i) => i < limit || id === open);
  const hidden = group.jobs.length - shown.length;
  return (
    <tbody>
      <tr className="group">
        <th scope="rowgroup" colSpan={COLUMNS.length}>
          {group.title} <span className="count">{group.jobs.length}</span>
        </th>
      </tr>
      {shown.map((job) => (
        <Fragment key={job.id}>
          <JobRow job={job} open={job.id === open} />
          {job.id === open && <ExplanationRow job={job} columns={COLUMNS.length} />}
        </Fragment>
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
