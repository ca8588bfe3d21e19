// What must hold after everything that happens, whatever has gone wrong before.
import {
  CAPACITY_GRACE_SECONDS,
  forEachHop,
  isActive,
  isOver,
  type JobState,
  launchKeyOf,
  openLedger,
  type Placement,
  type State,
} from "@bace-pipe/core";
import type { Cluster, Process } from "./cluster.ts";
import type { Promises } from "./people.ts";
import type { Storage } from "./storage.ts";

/** How long a process that nobody wants may run, while the service runs and the network works. */
const ORPHAN_GRACE_SECONDS = 120;
/** How long a launch that is told to stop may take to be over. */
const STOP_GRACE_SECONDS = 60;

/** Epochs that may fail through the infrastructure before a job does. */
const CHANCES = 5;

/** A broken invariant. */
export class Violation extends Error {}

function must(holds: boolean, what: () => string): asserts holds {
  if (!holds) throw new Violation(what());
}

/** Of processes: those that run now, and how long nobody has wanted them. */
export interface Watch {
  readonly orphanSince: Map<Process, number>;
}

export function checkProcesses(clusters: readonly Cluster[], gpusOf: ReadonlyMap<string, number>): void {
  const live = new Map<string, Process>();
  for (const { processes, region } of clusters) {
    let gpus = 0;
    for (const process of processes) {
      if (process.state === "over") continue;
      must(!live.has(process.key), () => `${process.key} is alive twice`);
      live.set(process.key, process);
      gpus += process.artifact.plan.ranks.filter((rank) => rank.region === region).length;
    }
    must(gpus <= gpusOf.get(region)!, () => `${region} runs ${gpus} ranks on ${gpusOf.get(region)} GPUs`);
  }
}

/** @param resetOrphans while nobody can end them. */
export function checkOrphans(
  clusters: readonly Cluster[],
  state: State,
  nowSeconds: number,
  { orphanSince }: Watch,
  resetOrphans: boolean,
): void {
  for (const { processes } of clusters) {
    for (const process of processes) {
      if (process.state === "over" || isWanted(process, state)) {
        orphanSince.delete(process);
        continue;
      }
      const since = resetOrphans ? nowSeconds : (orphanSince.get(process) ?? nowSeconds);
      orphanSince.set(process, since);
      must(nowSeconds - since <= ORPHAN_GRACE_SECONDS, () => `nobody wants ${process.key}, and it runs`);
    }
  }
}

function isWanted({ key, region }: Process, state: State): boolean {
  for (const id of state.active) {
    const { givenUp, launches, number } = state.jobs.get(id)!.epoch!;
    const status = launches[region];
    if (status && launchKeyOf(id, number, region) === key) return !givenUp && !isOver(status);
  }
  return false;
}

/** What the service shows, or tells of, is durable: who acts on it acts on nothing that may be lost. */
export function checkDurable(shownSeq: number, durableSeq: number): void {
  must(shownSeq <= durableSeq, () => `event ${shownSeq} was seen when ${durableSeq} was the last in the log`);
}

/** The ledger is what the active jobs hold. */
export function checkLedger({ active, jobs, ledger }: State): void {
  if (!ledger) return;
  const expected = openLedger(ledger.fleet);
  const { length } = ledger.fleet.regions;
  for (const id of active) {
    const { placement } = jobs.get(id)!.epoch!;
    placement.regions.forEach((region, i) => {
      expected.freeGpus[region]! -= placement.gpus[i]!;
    });
    forEachHop(placement, (a, b, bitsPerSecond) => {
      expected.reservedBitsPerSecond[a * length + b]! += bitsPerSecond;
      expected.reservedBitsPerSecond[b * length + a]! += bitsPerSecond;
    });
  }
  expected.freeGpus.forEach((free, region) => {
    const known = ledger.freeGpus[region]!;
    must(known === free, () => `region ${region} has ${known} free GPUs in the ledger, and really ${free}`);
  });
  expected.reservedBitsPerSecond.forEach((reserved, hop) => {
    const known = ledger.reservedBitsPerSecond[hop]!;
    must(
      known === reserved,
      () => `hop ${hop} has ${known} bit/s reserved in the ledger, really ${reserved}`,
    );
  });
}

/**
 * Nobody holds more GPUs than there are for longer than jobs have to give way in. @param since by region.
 * The service's clock may go half as fast as time does, and who is told to stop is given a little to do so.
 */
export function checkCapacity({ ledger }: State, nowSeconds: number, since: Map<string, number>): void {
  if (!ledger) return;
  ledger.fleet.regions.forEach(({ gpus, name }, region) => {
    const free = ledger.freeGpus[region]!;
    if (free >= 0) {
      since.delete(name);
      return;
    }
    const first = since.get(name) ?? nowSeconds;
    since.set(name, first);
    must(
      nowSeconds - first <= 2 * CAPACITY_GRACE_SECONDS + STOP_GRACE_SECONDS,
      () => `${name} has ${gpus} GPUs, and jobs have held ${gpus - free} for ${nowSeconds - first} s`,
    );
  });
}

/** A placement fits what there is; only what ran before may be more than that, where something was taken away. */
export function checkPlaced({ ledger }: State, { gpus, hopBitsPerSecond, regions }: Placement): void {
  const { freeGpus, fleet, reservedBitsPerSecond } = ledger!;
  regions.forEach((region, i) => {
    const free = freeGpus[region]!;
    must(free >= 0, () => `${gpus[i]} GPUs were given of region ${region}, and ${free} are left`);
  });
  for (const { bandwidthBitsPerSecond, from, to } of fleet.links) {
    const hop = regions.findIndex(
      (region, i) => hopBitsPerSecond[i]! > 0 && isPair(region, regions[i + 1], from, to),
    );
    const reserved = reservedBitsPerSecond[from * fleet.regions.length + to]!;
    must(
      hop < 0 || reserved <= bandwidthBitsPerSecond,
      () => `link ${from}-${to} has ${reserved} bit/s reserved`,
    );
  }
}

/** Whoever reserves more of a link than before finds room for it. */
export function checkReserved({ ledger }: State, before: Float64Array): void {
  const { fleet, reservedBitsPerSecond } = ledger!;
  for (const { bandwidthBitsPerSecond, from, to } of fleet.links) {
    const index = from * fleet.regions.length + to;
    const reserved = reservedBitsPerSecond[index]!;
    must(
      reserved <= Math.max(bandwidthBitsPerSecond, before[index]!),
      () => `link ${from}-${to} has ${reserved} bit/s reserved, of ${bandwidthBitsPerSecond}`,
    );
  }
}

/** Nobody is placed who is held, nor where it is closed, nor beyond his tenant's quota of GPUs. */
export function checkAllowed({ active, changes, fleet, jobs }: State, jobId: string): void {
  const { epoch, held, job } = jobs.get(jobId)!;
  must(!held, () => `${jobId} is held, and was placed`);
  for (const index of epoch!.placement.regions) {
    const { name } = fleet!.regions[index]!;
    const change = changes.regions.find((each) => each.name === name);
    must(!change?.cordon, () => `${jobId} was placed in ${name}, which is ${change?.cordon}`);
  }
  const quota = fleet!.tenants?.find(({ name }) => name === job.tenant)?.gpuQuota ?? Number.POSITIVE_INFINITY;
  let gpus = 0;
  for (const id of active) {
    const { epoch: live, job: other } = jobs.get(id)!;
    if (other.tenant === job.tenant) for (const count of live!.placement.gpus) gpus += count;
  }
  must(gpus <= quota, () => `${job.tenant} has ${gpus} GPUs, of ${quota}`);
}

/** Nobody is preempted who may not be, nor by somebody who may not. */
export function checkPreempted({ fleet, jobs }: State, jobId: string, by: string): void {
  const classOf = (id: string) =>
    fleet!.priorityClasses?.find(({ name }) => name === jobs.get(id)!.job.priorityClass);
  const [victim, winner] = [classOf(jobId), classOf(by)];
  must(
    victim?.preemptible === true && winner?.mayPreempt === true && winner.value > victim.value,
    () => `${jobId} of class ${victim?.name} was preempted by ${by} of class ${winner?.name}`,
  );
}

function isPair(a: number, b: number | undefined, from: number, to: number): boolean {
  return (a === from && b === to) || (a === to && b === from);
}

/**
 * Nobody is in two phases, and no checkpoint is believed in that was never written. Who has finished has done every step, and
 * who has failed has had his chances: nothing here is a job's own fault.
 */
export function checkJobs(state: State, storage: Storage): void {
  for (const known of state.jobs.values()) {
    const { committedStep, epochs, excusedEpochs = 0, job, outcome, phase } = known;
    must(state.active.has(job.id) === isActive(phase), () => `${job.id} is ${phase}`);
    must(state.queued.has(job.id) === (phase === "queued"), () => `${job.id} is ${phase}, and queued or not`);
    const written = storage.committedStep(job.id) ?? 0;
    must(
      (committedStep ?? 0) <= written,
      () => `${job.id}: step ${committedStep} is not saved, ${written} is`,
    );
    must(
      outcome?.kind !== "finished" || written === job.iterations,
      () => `${job.id} has finished at step ${written} of ${job.iterations}`,
    );
    must(
      outcome?.kind !== "failed" || epochs - excusedEpochs >= CHANCES,
      () => `${job.id} has failed after ${epochs} epochs, ${excusedEpochs} of them excused`,
    );
  }
}

/** What the service has acknowledged is so for ever. */
export function checkPromises({ jobs }: State, { broken, cancelled, submitted }: Promises): void {
  must(broken.length === 0, () => broken.join("; "));
  for (const [name, iterations] of submitted) {
    const known = jobs.get(name);
    must(known !== undefined, () => `${name} was accepted, and is gone`);
    must(known.job.iterations === iterations, () => `${name} was accepted, and another job has its name`);
  }
  for (const name of cancelled) must(isBeingCancelled(jobs.get(name)!), () => `${name} is not cancelled`);
}

function isBeingCancelled({ epoch, phase }: JobState): boolean {
  return phase === "ended" || (phase === "stopping" && epoch!.givenUp!.next === "cancel");
}

/** Once nothing goes wrong any more, every job comes to its end. */
export function checkEnd({ jobs }: State): void {
  for (const { job, phase, reason } of jobs.values())
    must(phase === "ended" || phase === "infeasible", () => `${job.id} is ${phase} for ever (${reason})`);
}
