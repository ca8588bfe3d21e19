// A reservation for one job that cannot start yet: the earliest time at which it can, if running jobs end as predicted,
// and what would be free then. Others may start where the job can still start at that time.
import type { Job } from "../cost/job.ts";
import { copyLedger, type Ledger, type Placement, release, reserve, tryReserve } from "../fleet/ledger.ts";
import type { RunningJob, View } from "./policy.ts";

export interface Reservation {
  readonly job: Job;
  /** Infinite if it cannot even start when everything has ended: then nobody can delay it. */
  readonly atSeconds: number;
  /** Whether the job could start at that time if this were placed now and still there. */
  admits(placement: Placement): boolean;
  /** Another job has been started. */
  started(job: Job, placement: Placement): void;
}

export interface Started {
  readonly job: Job;
  readonly placement: Placement;
}

/**
 * From the earliest time at which the job can start.
 * @param started the starts decided upon in this round: what is free has them taken off.
 * @param fits whether the job can start on what a ledger has free.
 */
export function reservationFor(
  job: Job,
  ledger: Ledger,
  view: View,
  started: readonly Started[],
  fits: (future: Ledger) => boolean,
): Reservation {
  const ends = endsOf(view, started);
  // What is free only grows as jobs end: the first end after which the job fits is found by halving.
  let [low, high] = [1, ends.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (fits(freeAfter(ledger, ends.slice(0, middle)))) high = middle;
    else low = middle + 1;
  }
  const future = freeAfter(ledger, ends.slice(0, low));
  const canStart = ends.length > 0 && fits(future);
  const atSeconds = canStart ? ends[low - 1]!.endSeconds : Number.POSITIVE_INFINITY;
  return {
    job,
    atSeconds,
    admits(placement) {
      const with_ = copyLedger(future);
      return tryReserve(with_, placement) && fits(with_);
    },
    started(other, placement) {
      if (view.nowSeconds + view.runSeconds(other, placement) > atSeconds) reserve(future, placement);
    },
  };
}

function endsOf(
  view: View,
  started: readonly Started[],
): readonly Pick<RunningJob, "placement" | "endSeconds">[] {
  const starts = started.map(({ job, placement }) => {
    return { placement, endSeconds: view.nowSeconds + view.runSeconds(job, placement) };
  });
  return [...view.running(), ...starts].sort((a, b) => a.endSeconds - b.endSeconds);
}

function freeAfter(ledger: Ledger, ended: readonly Pick<RunningJob, "placement">[]): Ledger {
  const future = copyLedger(ledger);
  for (const { placement } of ended) release(future, placement);
  return future;
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
