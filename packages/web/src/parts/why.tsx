// Why a job is where it is, or would be: its place in the order, K*, the paths that were tried and what kept each from
// growing.
import "./why.css";
import {
  candidateText,
  distanceText,
  heldText,
  orderText,
  precedenceText,
  rejectionText,
} from "@bace-pipe/core/explain";
import { duration, gpus } from "@bace-pipe/core/format";
import type { Explained } from "../api.ts";

type Why = NonNullable<Explained["why"]>;
type Candidate = Why["candidates"][number];

export function WhyView({ why }: { readonly why: Why }) {
  const { candidates, iterationLowerBoundSeconds, neededGpus, targetGpus } = why;
  const distance = distanceText(why);
  const held = heldText(why);
  const precedence = precedenceText(why);
  return (
    <>
      <dl>
        <dt>Order</dt>
        <dd>{orderText(why)}</dd>
        {precedence !== "" && (
          <>
            <dt>Precedence</dt>
            <dd>{precedence}</dd>
          </>
        )}
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
