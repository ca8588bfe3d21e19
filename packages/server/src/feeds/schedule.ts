// When feeds are asked: each at its own pace, a little off, so that those of many services do not ask at once; a feed that
// fails after longer and longer pauses, and no sooner than its source asks for. One that fails, hangs or breaks disturbs no
// other. The clock, the timer and chance come from outside.
import { type Feed, type FeedAnswer, failed } from "./feed.ts";

export interface Timing {
  nowSeconds(): number;
  /** Calls back once; returns how to call it off. */
  after(seconds: number, callback: () => void): () => void;
  /** From 0 to 1. */
  random(): number;
}

export interface ScheduleOptions {
  readonly feeds: readonly Feed[];
  readonly timing: Timing;
  /** Told of every answer. */
  readonly onAnswer: (feed: Feed, answer: FeedAnswer, nextInSeconds: number) => Promise<void>;
  /** What a feed may take at most, all its requests together. */
  readonly mostSeconds?: number;
}

export interface Schedule {
  start(): void;
  /** Resolves when nothing that was asked is still to be answered. */
  idle(): Promise<void>;
  /** Resolves when nothing more is under way. */
  stop(): Promise<void>;
}

const JITTER = 0.1;
const MOST_SECONDS = 600;
/** Of a feed that fails on and on; or its own pace, where that is slower. Half of what a link's figure lives. */
const LONGEST_BACK_OFF_SECONDS = 900;
const FIRST_WITHIN_SECONDS = 5;

/**
 * Seconds until a feed is asked again. After a failure sooner than usual, twice as long each time; where a part of it
 * answers, never later than usual: one zone that is gone does not make the others' figures old.
 * @param failures in a row
 */
export function pauseSeconds(
  everySeconds: number,
  failures: number,
  answer: FeedAnswer,
  random: number,
): number {
  const backOff = Math.min(everySeconds, 30) * 2 ** Math.min(failures - 1, 20);
  const longest = answer.facts.length > 0 ? everySeconds : Math.max(everySeconds, LONGEST_BACK_OFF_SECONDS);
  const base = failures === 0 ? everySeconds : Math.min(backOff, longest);
  const asked = Math.max(0, ...answer.failures.map(({ retryAfterSeconds = 0 }) => retryAfterSeconds));
  return Math.max(base, asked) * (1 + JITTER * random);
}

export function createSchedule({
  feeds,
  mostSeconds = MOST_SECONDS,
  onAnswer,
  timing,
}: ScheduleOptions): Schedule {
  const callOff = new Map<Feed, () => void>();
  const underWay = new Set<Promise<void>>();
  const abort = new AbortController();

  const plan = (feed: Feed, seconds: number, failures: number): void => {
    if (abort.signal.aborted) return;
    const due = () => {
      const asking = turn(feed, failures);
      underWay.add(asking);
      void asking.finally(() => underWay.delete(asking));
    };
    callOff.set(feed, timing.after(seconds, due));
  };

  const turn = async (feed: Feed, before: number): Promise<void> => {
    const answer = await askWithin(feed, timing, mostSeconds, abort.signal);
    if (abort.signal.aborted) return;
    const failures = answer.failures.length > 0 ? before + 1 : 0;
    const pause = pauseSeconds(feed.everySeconds, failures, answer, timing.random());
    try {
      await onAnswer(feed, answer, pause);
    } finally {
      plan(feed, pause, failures);
    }
  };

  return {
    start() {
      for (const feed of feeds) plan(feed, FIRST_WITHIN_SECONDS * timing.random(), 0);
    },
    async idle() {
      while (underWay.size > 0) await Promise.allSettled(underWay);
    },
    async stop() {
      abort.abort();
      for (const each of callOff.values()) each();
      await Promise.allSettled(underWay);
    },
  };
}

/** The answer, or that there is none in time; a feed that throws has failed. */
async function askWithin(
  feed: Feed,
  timing: Timing,
  mostSeconds: number,
  stopped: AbortSignal,
): Promise<FeedAnswer> {
  const late = new AbortController();
  const none = (code: "timed-out" | "feed-broken", message: string, hint: string): FeedAnswer => ({
    facts: [],
    failures: [failed(code, feed.name, message, hint).failure],
  });
  let forget = () => {};
  const tooLate = new Promise<FeedAnswer>((resolve) => {
    const end = () => {
      late.abort();
      resolve(none("timed-out", `no answer in ${mostSeconds} s`, "split it into several sources"));
    };
    const callOff = timing.after(mostSeconds, end);
    stopped.addEventListener("abort", end);
    forget = () => {
      callOff();
      stopped.removeEventListener("abort", end);
    };
  });
  try {
    return await Promise.race([feed.ask(timing.nowSeconds(), late.signal), tooLate]);
  } catch (error) {
    const what = error instanceof Error ? error.name : "something";
    return none("feed-broken", `it threw ${what}`, "report it with the service's log");
  } finally {
    forget();
  }
}
