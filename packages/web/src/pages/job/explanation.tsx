// Why a job is where it is: its place in the order, K*, the paths that were tried and what kept each from growing.
import { candidateText, distanceText, heldText, orderText, rejectionText } from "@bace-pipe/core/explain";
import { duration, gpus } from "@bace-pipe/core/format";
import { type Explained, type JobView, PATHS } from "../../api.ts";
import { usePolling } from "../../polling.ts";
import { type Candidate, headline, type Why } from "./headline.ts";

/** For a queued job each answer is a dry run of the scheduler, so it is asked for less often than the list. */
const EVERY_MS = 5000;

export function Explanation({ job }: { readonly job: JobView }) {
  const { failure, value } = usePolling<Explained>(
    PATHS.ofJob(job.id, "explain"),
    EVERY_MS,
    `${job.phase} ${job.epoch}`,
  );
  return (
    <section aria-labelledby="why">
      <h2 id="why">Why</h2>
      {value && (
        <>
          <h3>{headline(value)}</h3>
          {value.why ? <WhyView why={value.why} /> : <p>The scheduler decided nothing about it.</p>}
        </>
      )}
      {failure && !value && <p>No explanation: {failure.message}</p>}
      {!failure && !value && <p>Asking the scheduler …</p>}
    </section>
  );
}

function WhyView({ why }: { readonly why: Why }) {
  const { candidates, iterationLowerBoundSeconds, neededGpus, targetGpus } = why;
  const distance = distanceText(why);
  const held = heldText(why);
  return (
    <>
      <dl>
        <dt>Order</dt>
        <dd>{orderText(why)}</dd>
        <dt>K*</dt>
        <dd>
          {gpus(targetGpus)}
          {neededGpus !== targetGpus && `, at least ${neededGpus}`}: the count with the shortest step if links
          cost nothing
        </dd>
        <dt>Bound</dt>
        <dd>no placement makes a step shorter than {duration(iterationLowerBoundSeconds)}</dd>
        {held !== "" && (
          <>
            <dt>Held</dt>
            <dd>{held}</dd>
          </>
        )}
      </dl>
      <h4>{candidates.length > 0 ? "Paths that were tried" : "No region has a free GPU"}</h4>
      <ul className="paths">
        {candidates.map((candidate, i) => (
          // Two seeds can grow the same path.
          // biome-ignore lint/suspicious/noArrayIndexKey: the list comes whole and in its order.
          <Path key={i} candidate={candidate} neededGpus={neededGpus} />
        ))}
      </ul>
      {distance !== "" && <p>How far from feasible: {distance}.</p>}
    </>
  );
}

function Path({ candidate, neededGpus }: { readonly candidate: Candidate; readonly neededGpus: number }) {
  return (
    <li className={candidate.outcome}>
      <strong>{candidate.regions.join(" → ")}</strong>: {candidateText(candidate, neededGpus)}
      {candidate.rejections.length > 0 && (
        <ul>
          {candidate.rejections.map((rejection) => (
            <li key={rejection.region}>
              <span className="tag">{rejection.constraint}</span> {rejectionText(rejection)}
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}
