// What the control plane knows: a fold over the event log. Shells read it; only reduce.ts changes it.
//
// A job's life:  queued → starting (placed, gang forming) → running → ended
//                  ↑______________ stopping (epoch given up: its launches are being ended) ______↵ or → ended
// GPUs and bandwidth are held from "placed" until the last launch of the epoch is known to be over: never sooner.
import type { Job } from "../cost/job.ts";
import type { Footprint } from "../cost/money.ts";
import type { Fleet } from "../fleet/fleet.ts";
import { holdAnyway, type Ledger, openLedger, type Placement } from "../fleet/ledger.ts";
import type { ReplanWhy, StayWhy } from "../scheduler/explain.ts";
import type { Explanation } from "../scheduler/policy.ts";
import type { ChosenFor } from "./chosen-for.ts";
import type { KnownKey } from "./client-keys.ts";
import type { EpochRecord } from "./epoch-record.ts";
import type { LaunchStatus, RankAddress } from "./event.ts";
import { type Changes, changedFleet, NO_CHANGES } from "./inputs.ts";
import { hasLeft, linkKey, type Measured } from "./measured.ts";
import type { PriceMoves } from "./replanning.ts";
import type { TenantUse } from "./tenant-use.ts";

export type Phase = "queued" | "infeasible" | "starting" | "running" | "stopping" | "ended";

export type Outcome =
  | { readonly kind: "finished" }
  | { readonly kind: "cancelled" }
  | { readonly kind: "failed"; readonly reason: string };

/** One attempt to run a job. */
export interface Epoch {
  readonly number: number;
  /** With the bandwidth that it has reserved now. */
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
  /** By hop, the rates that its plan was made with, where what it has reserved has been changed since. */
  readonly plannedBitsPerSecond?: readonly number[];
  /** When that was. */
  readonly reservedSeconds?: number;
  readonly placedSeconds: number;
  /** What it had used when prices, carbon intensities or power were last others than since it was placed. */
  readonly spent?: Footprint & { readonly untilSeconds: number };
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
    /** No failure: it is not counted as one. Without a back-off, unless it was preempted by whoever runs the region. */
    readonly excused?: "preempted" | "replan" | "drained" | "held" | "capacity";
    /** The job for which it was preempted, where that is known. */
    readonly by?: string;
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
  /** Of epochs that are over, oldest first: how far predictions were off. */
  readonly records?: readonly EpochRecord[];
  /** Last step of the newest checkpoint that is complete. */
  readonly committedStep?: number;
  /** Loss of the first step that was ever reported. */
  readonly firstLoss?: number;
  /** Measured over predicted seconds of its blocks, in steps of 5 %; 1 where absent. */
  readonly blockRatio?: number;
  /** The last time that it was stopped to be placed anew. */
  readonly replan?: Replan;
  /** The last time that prices had moved and it stayed where it was. */
  readonly asked?: StayWhy & { readonly atSeconds: number; readonly epoch: number };
  /** Times that it was stopped for a price. */
  readonly priceMoves?: PriceMoves;
  /** Not placed until somebody releases it. */
  readonly held?: true;
  /** The last time that it was stopped for a job of a higher class. */
  readonly preempted?: { readonly by: string; readonly atSeconds: number; readonly epoch: number };
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

export type Replan = ReplanWhy & {
  readonly atSeconds: number;
  /** That was given up for it. */
  readonly epoch: number;
  /** Of a `reschedule`. Regions are those of the fleet of the time: gone with it. */
  readonly placement?: Placement;
};

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
  /** As it is now: its file's figures with what has changed since. */
  readonly fleet: Fleet | undefined;
  /** As its file has it. */
  readonly declaredFleet: Fleet | undefined;
  readonly changes: Changes;
  readonly ledger: Ledger | undefined;
  readonly jobs: ReadonlyMap<string, JobState>;
  /** Ids by phase, so that no round walks over jobs that ended long ago. */
  readonly queued: ReadonlySet<string>;
  readonly active: ReadonlySet<string>;
  /** Running jobs with a hop that has left the interval that their schedule was chosen for. */
  readonly drifted: ReadonlySet<string>;
  /** Running jobs over several regions of which something was measured. */
  readonly measured: ReadonlySet<string>;
  /** When something was last said by which what jobs cost is another amount. */
  readonly pricesMovedSeconds?: number;
  /** Since when a region, by its name, has had fewer GPUs than jobs hold there; it may have got them back since. */
  readonly overfullSince: ReadonlyMap<string, number>;
  /** By `linkKey`. */
  readonly links: ReadonlyMap<string, LinkEstimate>;
  /** Of submissions of the last day, oldest first. */
  readonly clientKeys: ReadonlyMap<string, KnownKey>;
  /** What tenants' jobs have used up to their last accounts, by name; of fleets with tenants. */
  readonly tenants: ReadonlyMap<string, TenantUse>;
  /** The most epochs that a forgotten job had; absent while none was forgotten. */
  readonly forgottenEpochs?: number;
}

export function emptyState(): State {
  return {
    seq: 0,
    nowSeconds: 0,
    fleet: undefined,
    declaredFleet: undefined,
    changes: NO_CHANGES,
    ledger: undefined,
    jobs: new Map(),
    queued: new Set(),
    active: new Set(),
    drifted: new Set(),
    measured: new Set(),
    overfullSince: new Map(),
    links: new Map(),
    clientKeys: new Map(),
    tenants: new Map(),
  };
}

/** JSON form of a state, for snapshots. */
export interface Snapshot {
  readonly seq: number;
  readonly nowSeconds: number;
  /** As its file has it. */
  readonly fleet: Fleet | null;
  /** Absent where there are none. */
  readonly changes?: Changes;
  readonly tenants?: readonly TenantUse[];
  readonly jobs: readonly JobState[];
  /** Absent in snapshots of versions that measured nothing. */
  readonly links?: readonly LinkEstimate[];
  readonly pricesMovedSeconds?: number;
  /** Region names and times; absent where every region has what jobs hold. */
  readonly overfullSince?: readonly (readonly [string, number])[];
  readonly clientKeys?: readonly KnownKey[];
  readonly forgottenEpochs?: number;
}

export function toSnapshot(state: State): Snapshot {
  return {
    seq: state.seq,
    nowSeconds: state.nowSeconds,
    fleet: state.declaredFleet ?? null,
    ...(state.changes === NO_CHANGES ? {} : { changes: state.changes }),
    ...(state.tenants.size === 0 ? {} : { tenants: [...state.tenants.values()] }),
    jobs: [...state.jobs.values()],
    links: [...state.links.values()],
    ...(state.pricesMovedSeconds === undefined ? {} : { pricesMovedSeconds: state.pricesMovedSeconds }),
    ...(state.overfullSince.size === 0 ? {} : { overfullSince: [...state.overfullSince] }),
    ...(state.clientKeys.size === 0 ? {} : { clientKeys: [...state.clientKeys.values()] }),
    ...(state.forgottenEpochs === undefined ? {} : { forgottenEpochs: state.forgottenEpochs }),
  };
}

/** The ledger is not stored: it follows from who is active. */
export function fromSnapshot(snapshot: Snapshot): State {
  const { changes = NO_CHANGES, tenants = [] } = snapshot;
  const declaredFleet = snapshot.fleet ?? undefined;
  const fleet = declaredFleet && changedFleet(declaredFleet, changes);
  const ledger = fleet && openLedger(fleet);
  const ids = (wanted: (known: JobState) => boolean) =>
    new Set(snapshot.jobs.filter(wanted).map(({ job }) => job.id));
  const active = ids(({ phase }) => isActive(phase));
  for (const { job, epoch } of snapshot.jobs)
    if (ledger && active.has(job.id)) holdAnyway(ledger, epoch!.placement);
  return {
    seq: snapshot.seq,
    nowSeconds: snapshot.nowSeconds,
    ...{ fleet, declaredFleet, changes, ledger },
    jobs: new Map(snapshot.jobs.map((jobState) => [jobState.job.id, jobState])),
    queued: ids(({ phase }) => phase === "queued"),
    active,
    drifted: ids(hasDrifted),
    measured: ids(hasMeasured),
    ...(snapshot.pricesMovedSeconds === undefined ? {} : { pricesMovedSeconds: snapshot.pricesMovedSeconds }),
    overfullSince: new Map(snapshot.overfullSince ?? []),
    links: new Map((snapshot.links ?? []).map((link) => [linkKey(link.from, link.to), link])),
    clientKeys: new Map((snapshot.clientKeys ?? []).map((known) => [known.key, known])),
    tenants: new Map(tenants.map((tenant) => [tenant.name, tenant])),
    ...(snapshot.forgottenEpochs === undefined ? {} : { forgottenEpochs: snapshot.forgottenEpochs }),
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

/** Whether it runs over several regions, and something was measured of it. */
export function hasMeasured({ epoch, phase }: JobState): boolean {
  return phase === "running" && epoch?.measured !== undefined && epoch.placement.hopBitsPerSecond.length > 0;
}

/** Steps that need not be done again: those reported in this epoch, or else those that it goes on from. */
export function stepsDone({ committedStep, epoch, phase, progress }: JobState): number {
  if (phase === "queued") return committedStep ?? 0;
  return progress?.step ?? epoch?.fromStep ?? committedStep ?? 0;
}

/** Mean of the steps of its epoch, the first left out; as predicted while none is known. */
export function stepSecondsSoFar({ epoch, progress }: JobState): number {
  return progress && progress.stepCount > 0
    ? progress.stepSecondsSum / progress.stepCount
    : epoch!.predictedIterationSeconds;
}

/** The placement by which the epoch's plan was made. */
export function plannedPlacement({ placement, plannedBitsPerSecond: planned }: Epoch): Placement {
  return planned ? { ...placement, hopBitsPerSecond: planned } : placement;
}

/** Without when, and of which epoch. */
export function whyOf({ atSeconds: _, epoch: __, placement: ___, ...why }: Replan): ReplanWhy {
  return why;
}
