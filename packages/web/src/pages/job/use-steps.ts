// A job's steps, kept up to date: what is new is asked for when the store says that the job has gone on, at most once a
// second.
import { useEffect, useRef, useState } from "react";
import { ask, type JobSteps, type JobView, PATHS } from "../../api.ts";
import { MOST_STEPS, type Step, withSteps } from "./steps.ts";

const PAUSE_MS = 1000;

export interface Steps {
  readonly steps: readonly Step[];
  /** Whether the service has answered. */
  readonly isKnown: boolean;
  /** Why it has not, the last time. */
  readonly problem: string;
}

export function useSteps({ epoch, id, phase, step }: JobView): Steps {
  const [known, setKnown] = useState<Steps>({ steps: [], isKnown: false, problem: "" });
  const place = useRef({ next: 0, steps: [] as readonly Step[], freeMs: 0 });
  // biome-ignore lint/correctness/useExhaustiveDependencies: each change of these may have brought steps.
  useEffect(() => {
    const stop = new AbortController();
    const load = async () => {
      const at = place.current;
      at.freeMs = Date.now() + PAUSE_MS;
      const isWhole = at.next === 0 || at.steps.length > MOST_STEPS;
      try {
        const path = PATHS.ofJob(id, isWhole ? "steps" : `steps?after=${at.next}`);
        const { next, steps } = await ask<JobSteps>(path, stop.signal);
        at.next = next;
        at.steps = withSteps(isWhole ? [] : at.steps, steps);
        setKnown({ steps: at.steps, isKnown: true, problem: "" });
      } catch (error) {
        if (stop.signal.aborted) return;
        setKnown((before) => ({
          ...before,
          problem: error instanceof Error ? error.message : String(error),
        }));
      }
    };
    const timer = setTimeout(load, Math.max(0, place.current.freeMs - Date.now()));
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [id, step, epoch, phase]);
  return known;
}
