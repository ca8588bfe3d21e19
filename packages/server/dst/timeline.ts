// Virtual time. What is to happen lies on a heap; time jumps from one thing to the next, and what each leads to in promises
// runs out before the next one begins. Nothing here looks at a real clock, so one seed gives one run.
import { createEventHeap } from "@bace-pipe/core";

export interface Timeline {
  nowSeconds(): number;
  /** Things that have happened so far. */
  happened(): number;
  after(seconds: number, work: () => void): void;
  sleep(seconds: number): Promise<void>;
  /** Lets time pass until `done` or the end; `check` is called after everything that happens. */
  run(untilSeconds: number, check: () => void, done?: () => boolean): Promise<void>;
}

export function createTimeline(): Timeline {
  const heap = createEventHeap<() => void>();
  let now = 0;
  let count = 0;
  const after = (seconds: number, work: () => void) => heap.push(now + seconds, work);
  return {
    nowSeconds: () => now,
    happened: () => count,
    after,
    sleep: (seconds) => new Promise((resolve) => after(seconds, resolve)),
    async run(untilSeconds, check, done = () => false) {
      for (;;) {
        const next = heap.nextSeconds();
        if (next === undefined || next > untilSeconds || done()) return;
        now = next;
        count++;
        heap.pop()();
        await settled();
        check();
      }
    },
  };
}

/** Promises that wait for nothing but each other have run out by the next turn of Node's own loop. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
