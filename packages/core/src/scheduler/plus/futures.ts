// What will be free as running jobs end, one after the other, if nobody starts. The same for all jobs that are tried on one
// state of a ledger: they share it.
import { copyLedger, type Ledger, release } from "../../fleet/ledger.ts";
import { freeGpusOf, mostFreeGpus } from "../free.ts";
import type { RunningJob, View } from "../policy.ts";

/** Releases that are looked at: those further ahead never pay. */
const RELEASES = 32;

export interface Future {
  readonly endSeconds: number;
  /** GPUs of all regions then. */
  readonly free: number;
  /** And of the region with most. */
  readonly mostFree: number;
  /** Must not be changed. */
  future(): Ledger;
}

interface Known {
  readonly changes: number;
  readonly view: View;
  readonly futures: readonly Future[];
}

const known = new WeakMap<Ledger, Known>();

/** By time. */
export function futuresOf(ledger: Ledger, view: View): readonly Future[] {
  const last = known.get(ledger);
  if (last?.changes === ledger.changes && last.view === view) return last.futures;
  const releases = firstToEnd(view.running());
  const freeGpus = ledger.freeGpus.slice();
  const ledgers: Ledger[] = [];
  const futures = releases.map(({ endSeconds, placement: { gpus, regions } }, i): Future => {
    regions.forEach((region, position) => {
      freeGpus[region]! += gpus[position]!;
    });
    const counts = { free: freeGpusOf({ freeGpus }), mostFree: mostFreeGpus({ freeGpus }) };
    return { endSeconds, ...counts, future: () => ledgerAfter(ledger, releases, i, ledgers) };
  });
  known.set(ledger, { changes: ledger.changes, view, futures });
  return futures;
}

const firsts = new WeakMap<readonly RunningJob[], readonly RunningJob[]>();

function firstToEnd(running: readonly RunningJob[]): readonly RunningJob[] {
  const last = firsts.get(running);
  if (last) return last;
  const first = [...running].sort((a, b) => a.endSeconds - b.endSeconds).slice(0, RELEASES);
  firsts.set(running, first);
  return first;
}

function ledgerAfter(
  ledger: Ledger,
  releases: readonly RunningJob[],
  last: number,
  ledgers: Ledger[],
): Ledger {
  for (let i = ledgers.length; i <= last; i++) {
    const next = copyLedger(ledgers[i - 1] ?? ledger);
    release(next, releases[i]!.placement);
    ledgers.push(next);
  }
  return ledgers[last]!;
}
