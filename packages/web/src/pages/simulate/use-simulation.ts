// One simulation at a time, in a worker that Stop ends at once.
import { useEffect, useRef, useState } from "react";
import type { Done, Message, Progress, Refused, Request } from "./request.ts";

export type Running =
  | { readonly kind: "idle" | "stopped" }
  | { readonly kind: "running"; readonly progress?: Progress }
  | { readonly kind: "broken"; readonly message: string }
  | Refused
  | Done;

export interface Simulation {
  readonly running: Running;
  run(request: () => Promise<Request>): void;
  stop(): void;
}

export function useSimulation(): Simulation {
  const [running, setRunning] = useState<Running>({ kind: "idle" });
  const worker = useRef<Worker | undefined>(undefined);
  const end = () => {
    worker.current?.terminate();
    worker.current = undefined;
  };
  useEffect(() => () => worker.current?.terminate(), []);
  const broken = (message: string) => {
    end();
    setRunning({ kind: "broken", message });
  };
  return {
    running,
    run(request) {
      end();
      const mine = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
      worker.current = mine;
      setRunning({ kind: "running" });
      mine.onmessage = ({ data }: MessageEvent<Message>) => {
        if (worker.current !== mine) return;
        if (data.kind === "progress") setRunning({ kind: "running", progress: data });
        else {
          end();
          setRunning(data);
        }
      };
      mine.onerror = ({ message }) => {
        if (worker.current === mine) broken(message || "the simulator could not be fetched");
      };
      request().then(
        (asked) => mine.postMessage(asked),
        () => {
          if (worker.current === mine) broken("a file that the scenario names could not be fetched");
        },
      );
    },
    stop() {
      end();
      setRunning({ kind: "stopped" });
    },
  };
}
