// What the scheduler would do with the jobs of the text, and what that does to the rest of the queue.
import { duration } from "@bace-pipe/core/format";
import type { Explained } from "../../api.ts";
import { headline } from "../../parts/headline.ts";
import { PlacementPath } from "../../parts/placement-path.tsx";
import { WhyView } from "../../parts/why.tsx";

/** More of the others are counted. */
const OTHERS = 50;

interface Props {
  readonly decisions: readonly Explained[];
  /** Whether a job was in the queue before. */
  readonly isKnown: (jobId: string) => boolean;
}

export function PlanResult({ decisions, isKnown }: Props) {
  const own = decisions.filter(({ jobId }) => !isKnown(jobId));
  const others = decisions.filter(({ jobId }) => isKnown(jobId));
  return (
    <>
      {own.length === 0 && <p>All jobs of this text are there already: submitting it changes nothing.</p>}
      {own.map((decision, i) => (
        <Decision key={decision.jobId} decision={decision} isOpen={i === 0} />
      ))}
      {others.length > 0 && (
        <details>
          <summary>
            {others.length} in the queue besides: {others.filter(({ kind }) => kind === "start").length} would
            start, {others.filter(({ kind }) => kind === "wait").length} wait
          </summary>
          <ul>
            {others.slice(0, OTHERS).map((decision) => (
              <li key={decision.jobId}>{headline(decision)}</li>
            ))}
            {others.length > OTHERS && <li>{others.length - OTHERS} more</li>}
          </ul>
        </details>
      )}
    </>
  );
}

function Decision({ decision, isOpen }: { readonly decision: Explained; readonly isOpen: boolean }) {
  const { hops, kind, placement, predictedStepSeconds, why } = decision;
  return (
    <article className={`decision ${kind}`}>
      <h3>{headline(decision)}</h3>
      {placement && <PlacementPath regions={placement.regions} hops={hops} laterSeconds={0} />}
      {predictedStepSeconds !== null && <p>A step is predicted to take {duration(predictedStepSeconds)}.</p>}
      {why && (
        <details open={isOpen}>
          <summary>Why</summary>
          <WhyView why={why} />
        </details>
      )}
    </article>
  );
}
