// A job's logs: the end of them first, then what is new.
import { useEffect, useState } from "react";
import { ask, type JobLogs, PATHS } from "../../api.ts";
import { untilSeen } from "../../seen.ts";
import { type LogFile, withLogs } from "./log-lines.ts";

const EVERY_MS = 1500;

export interface Logs {
  readonly files: readonly LogFile[];
  /** Why logs of a region are not here, by region; of the service itself: "". */
  readonly problems: ReadonlyMap<string, string>;
  readonly isKnown: boolean;
  /** Whether nothing comes any more. */
  readonly isOver: boolean;
}

const NOTHING: Logs = { files: [], problems: new Map(), isKnown: false, isOver: false };

/** @param isFollowed whether what is new is asked for */
export function useLogs(jobId: string, epoch: number, isFollowed: boolean): Logs {
  const [{ logs, next, of }, setState] = useState({ of: "", logs: NOTHING, next: "" });
  const wanted = `${jobId} ${epoch}`;
  const known = of === wanted ? logs : NOTHING;
  const after = of === wanted ? next : "";
  const isDone = known.isKnown && (known.isOver || !isFollowed);
  useEffect(() => {
    if (isDone || epoch === 0) return;
    const stop = new AbortController();
    const load = async () => {
      await untilSeen(stop.signal);
      const query = new URLSearchParams(after === "" ? { epoch: String(epoch) } : { after });
      try {
        const answer = await ask<JobLogs>(PATHS.ofJob(jobId, `logs?${query}`), stop.signal);
        const problems = answer.regions.flatMap(({ problem, region }) =>
          problem === null ? [] : [[region, problem] as const],
        );
        setState((before) => ({
          of: wanted,
          next: answer.next,
          logs: {
            files: withLogs(before.of === wanted ? before.logs.files : [], answer),
            problems: new Map(problems),
            ...{ isKnown: true, isOver: answer.isOver },
          },
        }));
      } catch (error) {
        if (stop.signal.aborted) return;
        const message = error instanceof Error ? error.message : String(error);
        // A new object: it is asked again.
        setState((before) => ({
          ...{ of: wanted, next: after },
          logs: { ...(before.of === wanted ? before.logs : NOTHING), problems: new Map([["", message]]) },
        }));
      }
    };
    const timer = setTimeout(load, known.isKnown || known.problems.size > 0 ? EVERY_MS : 0);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [jobId, epoch, wanted, after, isDone, known]);
  return known;
}
