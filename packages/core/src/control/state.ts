// What the control plane knows: a fold over the event log. Shells read it; only reduce.ts changes it.
//
// A job's life:  queued → starting (placed, gang forming) → running → ended
//                  ↑______________ stopping (epoch given up: its launches are being ended) ______↵ or → ended
// GPUs and bandwidth are held from "placed" until the last launch of the epoch is known to be over: never sooner.
import type { Job } from "../cost/job.ts";
import type { Fleet } from "../fleet/fleet.ts";
import { holdAnyway, type Ledger, openLedger, type Placement } from "../fleet/ledger.ts";
import type { ReplanWhy } from "../scheduler/explain.ts";
import type { Explanation } from "../scheduler/policy.ts";
import type { ChosenFor } from "./chosen-for.ts";
import type { LaunchStatus, RankAddress } from "./event.ts";
import { hasLeft, linkKey, type Measured } from "./measured.ts";

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
  readonly chosenFor?: ChosenFor;
  /** Committed when it was placed: it goes on from there. */
  readonly fromStep?: number;
  /** How much longer than by the job's own figures its blocks were thought to take; 1 where absent. */
  readonly blockRatio?: number;
  readonly measured?: Measured;
  readonly placedSeconds: number;
  /** Seq of the event that placed it: says which fleet its regions are of. */
  readonly placedSeq: number;
  /** When every rank had checked in. */
  readonly startedSeconds?: number;
  readonly addresses?: readonly RankAddress[];
  /** By region name; every region of the placement has one. */
  readonly launches: Readonly<Record<string, LaunchStatus>>;
  /** Set once the epoch has been given up: what becomes of the job when its launches are over. */
  readonly givenUp?: {
    readonly reason: string;
    readonly next: "requeue" | "fail" | "cancel";
    /** No failure: it is not counted as one. `replan`: the next one is placed at once. */
    readonly excused?: "preempted" | "replan";
  };
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
  /** Of those, the ones that were stopped by no fault of the job or the infrastructure. */
  readonly excusedEpochs?: number;
  /** The epoch that is alive, or the last one. */
  readonly epoch?: Epoch;
  /** Of this epoch, or of the last one while none is placed. */
  readonly progress?: Progress;
  /** Last step of the newest checkpoint that is complete. */
  readonly committedStep?: number;
  /** Loss of the first step that was ever reported. */
  readonly firstLoss?: number;
  /** Measured over predicted seconds of its blocks, in steps of 5 %; 1 where absent. */
  readonly blockRatio?: number;
  /** The last time that it was placed anew because of a link. */
  readonly replan?: Replan;
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

export interface Replan extends ReplanWhy {
  readonly atSeconds: number;
  /** That was given up for it. */
  readonly epoch: number;
  /** Of a `reschedule`. Regions are those of the fleet of the time: gone with it. */
  readonly placement?: Placement;
}

/** What is known of a directed link between two regions by the job that measured it last. */
export interface LinkEstimate {
  /** Region names. */
  readonly from: string;
  readonly to: string;
  /** What the job got, and what it had reserved. */
  readonly bitsPerSecond: number;
  readonly reservedBitsPerSecond: number;
  readonly roundTripSeconds: number | null;
  readonly atSeconds: number;
  readonly jobId: string;
  readonly epoch: number;
  /** Set where somebody got less than was reserved: all that the link carries, and when that was last seen. */
  readonly limit?: { readonly bitsPerSecond: number; readonly atSeconds: number };
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
  /** Running jobs with a hop that has left the interval that their schedule was chosen for. */
  readonly drifted: ReadonlySet<string>;
  /** By `linkKey`. */
  readonly links: ReadonlyMap<string, LinkEstimate>;
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
    drifted: new Set(),
    links: new Map(),
  };
}

/** JSON form of a state, for snapshots. */
export interface Snapshot {
  readonly seq: number;
  readonly nowSeconds: number;
  readonly fleet: Fleet | null;
  readonly jobs: readonly JobState[];
  /** Absent in snapshots of versions that measured nothing. */
  readonly links?: readonly LinkEstimate[];
}

export function toSnapshot(state: State): Snapshot {
  return {
    seq: state.seq,
    nowSeconds: state.nowSeconds,
    fleet: state.fleet ?? null,
    jobs: [...state.jobs.values()],
    links: [...state.links.values()],
  };
}

/** The ledger is not stored: it follows from who is active. */
export function fromSnapshot(snapshot: Snapshot): State {
  const ledger = snapshot.fleet ? openLedger(snapshot.fleet) : undefined;
  const ids = (wanted: (known: JobState) => boolean) =>
    new Set(snapshot.jobs.filter(wanted).map(({ job }) => job.id));
  const active = ids(({ phase }) => isActive(phase));
  for (const { job, epoch } of snapshot.jobs)
    if (ledger && active.has(job.id)) holdAnyway(ledger, epoch!.placement);
  return {
    seq: snapshot.seq,
    nowSeconds: snapshot.nowSeconds,
    fleet: snapshot.fleet ?? undefined,
    ledger,
    jobs: new Map(snapshot.jobs.map((jobState) => [jobState.job.id, jobState])),
    queued: ids(({ phase }) => phase === "queued"),
    active,
    drifted: ids(hasDrifted),
    links: new Map((snapshot.links ?? []).map((link) => [linkKey(link.from, link.to), link])),
  };
}

/** Phases in which a job holds GPUs. */
export function isActive(phase: Phase): boolean {
  return phase === "starting" || phase === "running" || phase === "stopping";
}

/** Whether it runs, and a hop has left the interval that its schedule was chosen for. */
export function hasDrifted({ epoch, phase }: JobState): boolean {
  return phase === "running" && (epoch?.measured?.hops.some(hasLeft) ?? false);
}

/** Steps that need not be done again: those reported in this epoch, or else those that it goes on from. */
export function stepsDone({ committedStep, epoch, phase, progress }: JobState): number {
  if (phase === "queued") return committedStep ?? 0;
  return progress?.step ?? epoch?.fromStep ?? committedStep ?? 0;
}
