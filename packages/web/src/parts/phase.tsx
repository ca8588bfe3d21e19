// The phase of a job as one word with a sign of its own: never by colour alone.
import "./phase.css";
import type { JobView } from "../api.ts";

type Word = NonNullable<JobView["outcome"]> | JobView["phase"] | "held";

/** The phase, or how it ended. */
export function phaseWord({ held, outcome, phase }: Pick<JobView, "held" | "outcome" | "phase">): Word {
  return outcome ?? (held && phase === "queued" ? "held" : phase);
}

export function Phase({ job }: { readonly job: JobView }) {
  const word = phaseWord(job);
  return <span className={`phase ${word}`}>{word}</span>;
}
