// Everything that can happen, as facts. The log of events is the only truth: state is a fold over it (reduce.ts).
// Facts may arrive late, twice or for an epoch that is long over; the reducer ignores what no longer applies.
//
// An epoch is one attempt to run a job: placed, launched in every region of its path, started together, ended.
import type { Job } from "../cost/job.ts";
import type { Fleet } from "../fleet/fleet.ts";
import type { Placement } from "../fleet/ledger.ts";
import type { ReplanWhy, StayWhy } from "../scheduler/explain.ts";
import type { Explanation } from "../scheduler/policy.ts";
import type { ChosenFor } from "./chosen-for.ts";
import type { ClientKey } from "./client-keys.ts";
import type { InputFact } from "./inputs.ts";

export type Fact =
  | { readonly kind: "fleet-loaded"; readonly fleet: Fleet }
  | {
      readonly kind: "submitted";
      readonly job: Job;
      /** Of the submission that it came with; on the first of its jobs alone. */
      readonly clientKey?: ClientKey;
    }
  | { readonly kind: "cancel-requested"; readonly jobId: string }
  /** Not placed until it is released; if it runs, it is stopped with a checkpoint. */
  | { readonly kind: "held"; readonly jobId: string }
  | { readonly kind: "released"; readonly jobId: string }
  /** The decision to stop an epoch, with a checkpoint, so that a job of a higher class can start. */
  | {
      readonly kind: "preempted";
      readonly jobId: string;
      readonly epoch: number;
      /** Id of the job that needs its GPUs. */
      readonly by: string;
    }
  /** What somebody does to a region, or says of the fleet since its file was loaded. */
  | InputFact
  /** Jobs that ended long ago are dropped from the state: their events may then be deleted. */
  | { readonly kind: "forgotten"; readonly jobIds: readonly string[] }
  /** The log was taken from a backup: epochs that the service had after it may have been, and may still be there. */
  | { readonly kind: "restored" }
  /** The scheduler's decision to start an epoch. From here on the placement's GPUs and bandwidth are held. */
  | {
      readonly kind: "placed";
      readonly jobId: string;
      readonly epoch: number;
      readonly placement: Placement;
      /** Secret of this epoch: whoever checks in or reports must know it. */
      readonly launchKey: string;
      readonly predictedIterationSeconds: number;
      readonly why: Explanation;
      /** Of jobs that are really trained: the figures for which this was chosen. */
      readonly chosenFor?: ChosenFor;
      /** Why the epoch before this one was given up, if that was to place the job anew. */
      readonly replan?: ReplanWhy;
    }
  | { readonly kind: "infeasible"; readonly jobId: string; readonly why: Explanation }
  /** What an executor knows of one launch. */
  | {
      readonly kind: "launch-observed";
      readonly jobId: string;
      readonly epoch: number;
      /** Region name. */
      readonly region: string;
      readonly status: LaunchStatus;
    }
  /** Every rank has checked in: the epoch runs. */
  | {
      readonly kind: "gang-started";
      readonly jobId: string;
      readonly epoch: number;
      readonly addresses: readonly RankAddress[];
    }
  /** The rendezvous deadline passed before every rank had checked in. */
  | {
      readonly kind: "gang-late";
      readonly jobId: string;
      readonly epoch: number;
      readonly missingRanks: readonly number[];
    }
  | {
      readonly kind: "progress";
      readonly jobId: string;
      readonly epoch: number;
      /** Steps finished, from 1. */
      readonly step: number;
      readonly loss: number | null;
      readonly stepSeconds: number;
    }
  /** A checkpoint that every rank has written: a later epoch goes on from there, or from a later one. */
  | {
      readonly kind: "checkpoint-committed";
      readonly jobId: string;
      readonly epoch: number;
      readonly step: number;
    }
  /** What ranks measured since the last such fact; a few per minute and job at most. */
  | {
      readonly kind: "measured";
      readonly jobId: string;
      readonly epoch: number;
      readonly hops: readonly HopMeasurement[];
      readonly stages: readonly StageMeasurement[];
    }
  /** The decision to stop an epoch and place the job anew. */
  | {
      readonly kind: "replan-requested";
      readonly jobId: string;
      readonly epoch: number;
      readonly why: ReplanWhy;
      /** Of a `reschedule`: what it has, with the rates that were measured. */
      readonly placement?: Placement;
    }
  /** What an epoch holds of its links is other than before: it needs more or less than was thought, and runs on. */
  | {
      readonly kind: "reservation-changed";
      readonly jobId: string;
      readonly epoch: number;
      /** By hop. */
      readonly hopBitsPerSecond: readonly number[];
    }
  /** Prices had moved, and the job stays where it is. */
  | {
      readonly kind: "replan-declined";
      readonly jobId: string;
      readonly epoch: number;
      readonly why: StayWhy;
    };

/** One direction of a hop between two regions of the path. */
export interface HopMeasurement {
  /** Index into the placement's hops. */
  readonly hop: number;
  /** `forth` is the way of activations. */
  readonly direction: "forth" | "back";
  /** What it carried while it was busy. */
  readonly bitsPerSecond: number;
  /** The least seen. */
  readonly roundTripSeconds: number | null;
}

/** Medians of one micro-batch; a backward in two parts is their sum. */
export interface StageMeasurement {
  readonly stage: number;
  readonly forwardSeconds: number;
  readonly backwardSeconds: number;
}

export type LaunchStatus =
  /** Handed to the executor, or about to be. */
  | { readonly kind: "submitted" }
  | { readonly kind: "running" }
  | { readonly kind: "exited"; readonly exitCode: number }
  /** The executor refused it for good. */
  | { readonly kind: "rejected"; readonly reason: string }
  /** The executor says that it does not exist, though it did. */
  | { readonly kind: "lost" };

export interface RankAddress {
  readonly rank: number;
  readonly host: string;
  readonly port: number;
  /** Of the store through which torch.distributed's groups meet, on the one rank that hosts it. */
  readonly storePort: number | null;
}

/** A fact with its place in the log. `seq` counts from 1 without gaps; `atSeconds` never runs backwards. */
export type Event = Fact & { readonly seq: number; readonly atSeconds: number };
