// Where the ranks of an epoch find each other: each checks in with its address, and when all have, the gang starts. Who
// has checked in is kept in memory alone: after a restart the ranks, who ask again until they are all there, say it
// again. A gang that has started is in the state, with its addresses.
import type { Fact, RankAddress, State } from "@bace-pipe/core";
import { type LiveJob, rankCountOf } from "./gate.ts";
import { ProblemError } from "./problem.ts";

export interface CheckIn extends RankAddress {
  /** Of the training text that the rank has read; null for ranks that need none. */
  readonly dataHash: string | null;
}

interface Gang {
  readonly epoch: number;
  readonly checkIns: Map<number, CheckIn>;
}

export interface Rendezvous {
  /** Notes a check-in. Throws a problem if the rank's training data is not what others of the gang have. */
  checkIn(job: LiveJob, checkIn: CheckIn): void;
  /** The fact that a gang has started, once all ranks are there and it has not started yet. */
  startFacts(state: State, jobId: string): Fact[];
  /** Gangs that are not together `deadlineSeconds` after they were placed. Forgets gangs that no longer form. */
  lateFacts(state: State, nowSeconds: number): Fact[];
}

/**
 * @param openedSeconds when this service started: ranks get the whole deadline from then on, since nobody could check in
 *   while it was down.
 */
export function createRendezvous(deadlineSeconds: number, openedSeconds: number): Rendezvous {
  const gangs = new Map<string, Gang>();

  const gangOf = (jobId: string, epoch: number): Gang => {
    const known = gangs.get(jobId);
    if (known?.epoch === epoch) return known;
    const gang: Gang = { epoch, checkIns: new Map() };
    gangs.set(jobId, gang);
    return gang;
  };

  /** The epoch that is forming, if the job has one. */
  const formingEpoch = (state: State, jobId: string) => {
    const known = state.jobs.get(jobId);
    return known?.phase === "starting" ? known.epoch : undefined;
  };

  return {
    checkIn({ job, epoch }, checkIn) {
      const { checkIns } = gangOf(job.id, epoch.number);
      const { rank, dataHash } = checkIn;
      const other = [...checkIns.values()].find(
        (known) =>
          known.rank !== rank && known.dataHash !== null && dataHash !== null && known.dataHash !== dataHash,
      );
      if (other) {
        throw new ProblemError(
          "data-mismatch",
          `rank ${rank} has other training data than rank ${other.rank}: put the same files in every region`,
        );
      }
      checkIns.set(rank, checkIn);
    },

    startFacts(state, jobId) {
      const epoch = formingEpoch(state, jobId);
      if (!epoch) return [];
      const { checkIns } = gangOf(jobId, epoch.number);
      if (checkIns.size < rankCountOf(epoch)) return [];
      const addresses = [...checkIns.values()]
        .sort((a, b) => a.rank - b.rank)
        .map(({ rank, host, port, storePort }): RankAddress => ({ rank, host, port, storePort }));
      return [{ kind: "gang-started", jobId, epoch: epoch.number, addresses }];
    },

    lateFacts(state, nowSeconds) {
      for (const jobId of gangs.keys()) if (!formingEpoch(state, jobId)) gangs.delete(jobId);
      return [...state.active].flatMap((jobId): Fact[] => {
        const epoch = formingEpoch(state, jobId);
        if (!epoch) return [];
        if (nowSeconds < Math.max(epoch.placedSeconds, openedSeconds) + deadlineSeconds) return [];
        const { checkIns } = gangOf(jobId, epoch.number);
        const ranks = Array.from({ length: rankCountOf(epoch) }, (_, rank) => rank);
        const missingRanks = ranks.filter((rank) => !checkIns.has(rank));
        return [{ kind: "gang-late", jobId, epoch: epoch.number, missingRanks }];
      });
    },
  };
}
