// Why a job is where it is, and why it was moved or stayed.
import { replanText, stayText } from "@bace-pipe/core/explain";
import { type Explained, type JobView, PATHS } from "../../api.ts";
import { headline } from "../../parts/headline.ts";
import { WhyView } from "../../parts/why.tsx";
import { usePolling } from "../../polling.ts";

/** For a queued job each answer is a dry run of the scheduler, so it is asked for less often than the list. */
const EVERY_MS = 5000;

export function Explanation({ job }: { readonly job: JobView }) {
  const { failure, value } = usePolling<Explained>(
    PATHS.ofJob(job.id, "explain"),
    job.phase === "ended" ? null : EVERY_MS,
    `${job.phase} ${job.epoch}`,
  );
  return (
    <section className="card" aria-labelledby="why">
      <h2 id="why">Why</h2>
      {value && (
        <>
          <h3>{headline(value)}</h3>
          {value.why ? <WhyView why={value.why} /> : <p>The scheduler decided nothing about it.</p>}
        </>
      )}
      {job.replan && <p className="small">Last {replanText(job.replan)}.</p>}
      {job.stayed && <p className="small">{stayText(job.stayed)}.</p>}
      {failure && (
        <p className={value ? "small wrong" : undefined}>
          {value ? "Not known whether this still holds" : "No explanation"}: {failure.message}
        </p>
      )}
      {!failure && !value && <p>Asking the scheduler …</p>}
    </section>
  );
}
