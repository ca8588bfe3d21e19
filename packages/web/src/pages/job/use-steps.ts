// A job's steps, kept up to date: what is new is asked for when the store says that the job has gone on, at most once a
// second.
import { useEffect, useRef, useState } from "react";
import { ask, type JobSteps, type JobView, PATHS } from "../../api.ts";
import { type OneAtATime, oneAtATime } from "../../parts/one-at-a-time.ts";
import { untilSeen } from "../../seen.ts";
import { MOST_STEPS, type Step, withSteps } from "./steps.ts";

const PAUSE_MS = 1000;

export interface Steps {
  readonly steps: readonly Step[];
  /** Whether the service has answered. */
  readonly isKnown: boolean;
  /** Why it has not, the last time. */
  readonly problem: string;
}

const NOTHING: Steps = { steps: [], isKnown: false, problem: "" };

export function useSteps({ epoch, id, phase, step }: JobView): Steps {
  const [known, setKnown] = useState(NOTHING);
  const asking = useRef<OneAtATime>(undefined);
  useEffect(() => {
    const stop = new AbortController();
    let next = 0;
    let steps: readonly Step[] = [];
    const load = async (): Promise<boolean> => {
      await untilSeen(stop.signal);
      const isWhole = next === 0 || steps.length > MOST_STEPS;
      try {
        const path = PATHS.ofJob(id, isWhole ? "steps" : `steps?after=${next}`);
        const answer = await ask<JobSteps>(path, stop.signal);
        next = answer.next;
        steps = withSteps(isWhole ? [] : steps, answer.steps);
        setKnown({ steps, isKnown: true, problem: "" });
        return true;
      } catch (error) {
        if (stop.signal.aborted) return true;
        const problem = error instanceof Error ? error.message : String(error);
        setKnown((before) => ({ ...before, problem }));
        return false;
      }
    };
    const mine = oneAtATime(load, PAUSE_MS);
    asking.current = mine;
    return () => {
      mine.stop();
      stop.abort();
    };
  }, [id]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each change of these may have brought steps.
  useEffect(() => asking.current?.tell(), [id, step, epoch, phase]);
  return known;
}
