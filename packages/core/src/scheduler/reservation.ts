// A reservation for one job that cannot start yet: the earliest time at which it can, if running jobs end as predicted,
// and what would be free then. Others may start where the job can still start at that time.
import type { Job } from "../cost/job.ts";
import { copyLedger, type Ledger, type Placement, release, reserve } from "../fleet/ledger.ts";
import type { Decision, RunningJob, Search, View } from "./policy.ts";

export interface Reservation {
  readonly job: Job;
  /** Infinite if it cannot even start when everything has ended: then nobody can delay it. */
  readonly atSeconds: number;
  /** Whether the job could start at that time if this were placed now and still there. */
  admits(placement: Placement): boolean;
  /** Another job has been started. */
  started(job: Job, placement: Placement): void;
}

/** @param started the starts decided upon in this round. */
export function reservationFor(
  job: Job,
  ledger: Ledger,
  view: View,
  started: ReadonlyMap<string, Decision>,
  search: (future: Ledger) => Search,
): Reservation {
  const ends = [...view.running(), ...startsOf(started, view)].sort((a, b) => a.endSeconds - b.endSeconds);
  // What is free only grows as jobs end: the first end after which the job fits is found by halving.
  const freeAfter = (count: number): Ledger => {
    const future = copyLedger(ledger);
    for (const { placement } of ends.slice(0, count)) release(future, placement);
    return future;
  };
  let [low, high] = [1, ends.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (search(freeAfter(middle)).placement) high = middle;
    else low = middle + 1;
  }
  const future = freeAfter(low);
  const fits = ends.length > 0 && search(future).placement !== undefined;
  const atSeconds = fits ? ends[low - 1]!.endSeconds : Number.POSITIVE_INFINITY;
  const endOf = (other: Job, placement: Placement) => view.nowSeconds + view.runSeconds(other, placement);
  return {
    job,
    atSeconds,
    admits(placement) {
      const with_ = copyLedger(future);
      return canReserve(with_, placement) && search(with_).placement !== undefined;
    },
    started(other, placement) {
      if (endOf(other, placement) > atSeconds) reserve(future, placement);
    },
  };
}

/** Whether the job that has the reservation can still start in time if another one starts now. */
export function keepsReservation(
  job: Job,
  placement: Placement,
  reservation: Reservation,
  view: View,
): boolean {
  const endSeconds = view.nowSeconds + view.runSeconds(job, placement);
  return endSeconds <= reservation.atSeconds || reservation.admits(placement);
}

function startsOf(started: ReadonlyMap<string, Decision>, view: View): RunningJob[] {
  const jobs = new Map(view.queue.map((job) => [job.id, job]));
  return [...started.values()].flatMap((decision) => {
    if (decision.kind !== "start") return [];
    const { jobId, placement } = decision;
    return [{ jobId, placement, endSeconds: view.nowSeconds + view.runSeconds(jobs.get(jobId)!, placement) }];
  });
}

function canReserve(ledger: Ledger, placement: Placement): boolean {
  try {
    reserve(ledger, placement);
    return true;
  } catch {
    return false;
  }
}
