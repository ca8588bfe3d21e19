// The network between ranks, people and the service: requests that are lost, late or delivered twice, answers that are lost.
import type { Faults } from "./faults.ts";
import type { Timeline } from "./timeline.ts";

const TIMEOUT_SECONDS = 5;
const LATE_SECONDS = 60;
const TRAVEL_SECONDS = 0.05;

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** What listens at the moment; undefined between lives. */
export type Listener = (method: string, path: string, body: unknown) => Promise<Answer>;

export interface Wire {
  /** Undefined: no answer, for whatever reason. */
  ask(method: "GET" | "POST", path: string, body?: unknown): Promise<Answer | undefined>;
}

/** @param heard is told of every answer of the service, also of those that are lost on the way. */
export function createWire(
  listener: () => Listener | undefined,
  heard: (path: string, body: unknown, answer: Answer) => void,
  { faults, timeline }: { readonly faults: Faults; readonly timeline: Timeline },
): Wire {
  const deliver = async (method: string, path: string, body: unknown): Promise<Answer | undefined> => {
    const listens = listener();
    if (!listens) return undefined;
    const answer = await listens(method, path, body);
    heard(path, body, answer);
    return answer;
  };
  return {
    async ask(method, path, body) {
      await timeline.sleep(TRAVEL_SECONDS);
      if (faults.happens("request-lost")) {
        await timeline.sleep(TIMEOUT_SECONDS);
        return undefined;
      }
      if (faults.happens("request-late") || faults.happens("request-twice")) {
        const late = LATE_SECONDS * faults.draw("request-late");
        timeline.after(late, () => void deliver(method, path, body));
      }
      // A life that dies with the request in its hands never answers.
      const answer = await Promise.race([
        deliver(method, path, body),
        timeline.sleep(TIMEOUT_SECONDS).then(() => undefined),
      ]);
      if (!faults.happens("answer-lost")) return answer;
      await timeline.sleep(TIMEOUT_SECONDS);
      return undefined;
    },
  };
}
