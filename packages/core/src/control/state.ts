// What the control plane knows: a fold over the event log. Shells read it; only reduce.ts changes it.
//
// A job's life:  queued → starting (placed, gang forming) → running → ended
//                  ↑______________ stopping (epoch given up: its launches are being ended) ______↵ or → ended
// GPUs and bandwidth are held from "placed" until the last launch of the epoch is known to be over: never sooner.
import type { Job } from "../cost/job.ts";
import type { Fleet } from "../fleet/fleet.ts";
import { holdAnyway, type Ledger, openLedger, type Placement } from "../fleet/ledger.ts";
import type { Explanation } from "../scheduler/policy.ts";
import type { LaunchStatus, RankAddress } from "./event.ts";

export type Phase = "queued" | "infeasible" | "starting" | "running" | "stopping" | "ended";

export type Outcome =
  | { readonly kind: "finished" }
  | { readonly kind: "cancelled" }
  | { readonly kind: "failed"; readonly reason: string };

/** One attempt to run a job. */
export interface Epoch {
  readonly number: number;
  readonly placement: Placement;
  readonly launchKey: string;
  readonly predictedIterationSeconds: number;
  readonly why: Explanation;
  readonly placedSeconds: number;
  /** Seq of the event that placed it: says which fleet its regions are of. */
  readonly placedSeq: number;
  /** When every rank had checked in. */
  readonly startedSeconds?: number;
  readonly addresses?: readonly RankAddress[];
  /** By region name; every region of the placement has one. */
  readonly launches: Readonly<Record<string, LaunchStatus>>;
  /** Set once the epoch has been given up: what becomes of the job when its launches are over. */
  readonly givenUp?: { readonly reason: string; readonly next: "requeue" | "fail" | "cancel" };
}

export interface Progress {
  readonly step: number;
  readonly firstLoss: number | null;
  readonly lastLoss: number | null;
  /** Sum and count over the steps of the current epoch, the first one left out (it warms caches up). */
  readonly stepSecondsSum: number;
  readonly stepCount: number;
  readonly lastStepSeconds: number;
}

export interface JobState {
  readonly job: Job;
  readonly phase: Phase;
  /** What ended the last epoch. */
  readonly reason?: string;
  readonly infeasibleWhy?: Explanation;
  /** Epochs started so far; the next one gets this + 1. */
  readonly epochs: number;
  /** The epoch that is alive, or the last one. */
  readonly epoch?: Epoch;
  readonly progress?: Progress;
  /** Not placed again before this (back-off after a failed epoch). */
  readonly notBeforeSeconds: number;
  readonly firstStartSeconds?: number;
  readonly endedSeconds?: number;
  readonly outcome?: Outcome;
  /** Of epochs that are over. */
  readonly electricityUsd: number;
  readonly energyKwh: number;
  readonly carbonGrams: number;
  readonly gpuSeconds: number;
}

export interface State {
  /** Of the last event folded in; 0 before the first. */
  readonly seq: number;
  readonly nowSeconds: number;
  readonly fleet: Fleet | undefined;
  readonly ledger: Ledger | undefined;
  readonly jobs: ReadonlyMap<string, JobState>;
  /** Ids by phase, so that no round walks over jobs that ended long ago. */
  readonly queued: ReadonlySet<string>;
  readonly active: ReadonlySet<string>;
}

export function emptyState(): State {
  return {
    seq: 0,
    nowSeconds: 0,
    fleet: undefined,
    ledger: undefined,
    jobs: new Map(),
    queued: new Set(),
    active: new Set(),
  };
}

/** JSON form of a state, for snapshots. */
export interface Snapshot {
  readonly seq: number;
  readonly nowSeconds: number;
  readonly fleet: Fleet | null;
  readonly jobs: readonly JobState[];
}

export function toSnapshot(state: State): Snapshot {
  return {
    seq: state.seq,
    nowSeconds: state.nowSeconds,
    fleet: state.fleet ?? null,
    jobs: [...state.jobs.values()],
  };
}

/** The ledger is not stored: it follows from who is active. */
export function fromSnapshot(snapshot: Snapshot): State {
  const ledger = snapshot.fleet ? openLedger(snapshot.fleet) : undefined;
  const ids = (wanted: (phase: Phase) => boolean) =>
    new Set(snapshot.jobs.filter(({ phase }) => wanted(phase)).map(({ job }) => job.id));
  const active = ids(isActive);
  for (const { job, epoch } of snapshot.jobs)
    if (ledger && active.has(job.id)) holdAnyway(ledger, epoch!.placement);
  return {
    seq: snapshot.seq,
    nowSeconds: snapshot.nowSeconds,
    fleet: snapshot.fleet ?? undefined,
    ledger,
    jobs: new Map(snapshot.jobs.map((jobState) => [jobState.job.id, jobState])),
    queued: ids((phase) => phase === "queued"),
    active,
  };
}

/** Phases in which a job holds GPUs. */
export function isActive(phase: Phase): boolean {
  return phase === "starting" || phase === "running" || phase === "stopping";
}
