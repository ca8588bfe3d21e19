// Asks a worker for the schedules of what is on the page. The latest question wins: one that is still being computed when
// another comes is given up, and its answer is never seen.
import { useEffect, useRef, useState } from "react";
import type { Answer, Asked } from "./compute.ts";

/** Whoever drags a slider asks for what they end at. */
const PAUSE_MS = 60;

export type Shown = Answer | { readonly kind: "broken"; readonly message: string };

export interface Schedules {
  /** The last answer. */
  readonly answer: Shown | undefined;
  /** Whether it is of what is asked now. */
  readonly isCurrent: boolean;
}

/** @param question changes with what is asked */
export function useSchedules(asked: Asked, question: string): Schedules {
  const [known, setKnown] = useState<{ readonly question: string; readonly answer: Shown }>();
  const idle = useRef<Worker | undefined>(undefined);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `question` is what `asked` says.
  useEffect(() => {
    let busy: Worker | undefined;
    const timer = setTimeout(() => {
      const worker = idle.current ?? newWorker();
      idle.current = undefined;
      busy = worker;
      const settle = (answer: Shown) => {
        busy = undefined;
        setKnown({ question, answer });
      };
      worker.onmessage = ({ data }: MessageEvent<Answer>) => {
        idle.current = worker;
        settle(data);
      };
      worker.onerror = ({ message }) => {
        worker.terminate();
        settle({ kind: "broken", message: message || "the page's computing part could not be fetched" });
      };
      worker.postMessage(asked);
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      busy?.terminate();
    };
  }, [question]);
  useEffect(() => () => idle.current?.terminate(), []);
  return { answer: known?.answer, isCurrent: known?.question === question };
}

function newWorker(): Worker {
  return new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
}
