// An executor that may be slow, made one that answers soon: a cluster that does not answer must not keep the loop from
// those that do. What takes longer goes on behind the answer, and no second is begun beside it:
//   submit   `unknown` for now; the launch is about to be (`list`), or nobody knows (`find`), until it has arrived or not
//   list     rejects for now; the next call is given the same list when it is there
//   cancel   goes on; the next call for the same launch waits for the same
//   logs     rejects for now; the next call for the same launch waits until that one is over
// A refusal that came too late is the answer to the next submit.
import type { Executor, Found, Launch, Submitted } from "./executor.ts";

export interface PatienceOptions {
  readonly patienceSeconds: number;
}

const LATE = Symbol("late");

export function answersSoon(executor: Executor, { patienceSeconds }: PatienceOptions): Executor {
  const { capabilities } = executor;
  const submits = new Map<string, Promise<Submitted>>();
  const cancels = new Map<string, Promise<void>>();
  const refusals = new Map<string, Submitted>();
  const readings = new Map<string, Promise<void>>();
  /** Until somebody has had it. */
  let listing: Promise<ReadonlyMap<string, Launch>> | undefined;
  /** Launches whose submit was under way at some time since the list was begun. */
  const since = new Set<string>();

  const soon = async <T>(promise: Promise<T>): Promise<T | typeof LATE> => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<typeof LATE>((resolve) => {
      timer = setTimeout(() => resolve(LATE), patienceSeconds * 1000);
    });
    promise.catch(() => {}); // it may reject when nobody waits for it any more
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
  };
  const notYet = (what: string) => `${what}: no answer from ${capabilities.name} after ${patienceSeconds} s`;

  return {
    capabilities,

    async submit(key, artifact) {
      const refusal = refusals.get(key);
      if (refusal) {
        refusals.delete(key);
        return refusal;
      }
      const known = submits.get(key);
      if (known) return { kind: "unknown", reason: notYet("submit") };
      since.add(key);
      let isLate = false;
      const submit = executor.submit(key, artifact).finally(() => submits.delete(key));
      submits.set(key, submit);
      submit.then(
        (found) => isLate && found.kind === "rejected" && refusals.set(key, found),
        () => {},
      );
      const answer = await soon(submit);
      if (answer !== LATE) return answer;
      isLate = true;
      return { kind: "unknown", reason: notYet("submit") };
    },

    async find(key): Promise<Found> {
      if (submits.has(key)) return { kind: "unknown" };
      const found = await soon(executor.find(key));
      return found === LATE ? { kind: "unknown" } : found;
    },

    async list() {
      if (!listing) {
        since.clear();
        for (const key of submits.keys()) since.add(key);
        listing = executor.list();
      }
      const list = await soon(listing).catch((error: unknown) => {
        listing = undefined;
        throw error;
      });
      if (list === LATE) throw new Error(notYet("list"));
      listing = undefined;
      const underWay = [...since].filter((key) => !list.has(key));
      return new Map([...list, ...underWay.map((key) => [key, { kind: "running" }] as const)]);
    },

    async cancel(key) {
      const cancel = cancels.get(key) ?? executor.cancel(key).finally(() => cancels.delete(key));
      cancels.set(key, cancel);
      await soon(cancel);
    },

    // Whoever prunes has all the time of the world.
    ...(executor.prune ? { prune: (pruning) => executor.prune!(pruning) } : {}),

    async logs(key, request) {
      // Of a cluster that does not answer readers ask again and again, and what the loop asks would wait behind them.
      const before = readings.get(key);
      if (before && (await soon(before)) === LATE) throw new Error(notYet("logs"));
      const reading = executor.logs(key, request);
      const done = reading.then(
        () => {},
        () => {},
      );
      readings.set(key, done);
      void done.then(() => readings.get(key) === done && readings.delete(key));
      const parts = await soon(reading);
      if (parts === LATE) throw new Error(notYet("logs"));
      return parts;
    },
  };
}
