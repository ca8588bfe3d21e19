// State → wire: names instead of indices, sums up to now, no secrets.
import {
  believedLink,
  type ChosenFor,
  type Fleet,
  forEachHop,
  infrastructureOf,
  isActive,
  isLimited,
  type JobState,
  jobFootprint,
  linkChange,
  linkKey,
  type Measured,
  type Placement,
  type Precedence,
  provenanceOf,
  type Region,
  type RegionChange,
  rateOf,
  regionChange,
  type State,
  seriesProvenance,
  stepsDone,
  valueAt,
} from "@bace-pipe/core";
import type { FleetHistory } from "../fleet-history.ts";
import type { Decided } from "../store/log.ts";
import { conditionsOf } from "./conditions.ts";
import { replanView, stayedView } from "./replan-view.ts";
import type { DecisionView, Explained } from "./schemas/decisions.ts";
import type { PlacementView } from "./schemas/explanation.ts";
import type { HopView, JobView } from "./schemas/jobs.ts";
import type { Changes } from "./schemas/live.ts";
import type { RegionList } from "./schemas/regions.ts";

export function placementView(placement: Placement, fleet: Fleet): PlacementView {
  const nameOf = (region: number) => fleet.regions[region]!.name;
  const hops: PlacementView["hops"] = [];
  forEachHop(placement, (from, to, reservedBitsPerSecond) => {
    hops.push({ from: nameOf(from), to: nameOf(to), reservedBitsPerSecond });
  });
  return {
    regions: placement.regions.map((region, i) => ({ region: nameOf(region), gpus: placement.gpus[i]! })),
    hops,
  };
}

interface Chosen {
  readonly placement: Placement;
  readonly chosenFor?: ChosenFor;
  readonly measured?: Measured;
  readonly plannedBitsPerSecond?: readonly number[];
}

/** The hops of a placement with what they were chosen for, and what was measured of them until now. */
export function hopViews(
  { chosenFor, measured, placement, plannedBitsPerSecond: planned }: Chosen,
  fleet: Fleet,
  nowSeconds: number,
): HopView[] {
  return placementView(placement, fleet).hops.map((view, hop) => ({
    ...view,
    ...(planned && planned[hop] !== view.reservedBitsPerSecond
      ? { plannedBitsPerSecond: planned[hop]! }
      : {}),
    interval: chosenFor?.hops[hop] ?? null,
    measured: (["forth", "back"] as const).flatMap((direction) => {
      const seen = measured?.hops[hop]?.[direction];
      if (!seen) return [];
      const [from, to] = direction === "forth" ? [view.from, view.to] : [view.to, view.from];
      const { atSeconds, roundTripSeconds } = seen;
      const ageSeconds = Math.max(0, nowSeconds - atSeconds);
      return [{ from, to, bitsPerSecond: rateOf(seen), roundTripSeconds, ageSeconds }];
    }),
  }));
}

/** @param fleetNow with the prices of now; without it, a live epoch is shown at those of its fleet's file. */
export function jobView(
  known: JobState,
  fleets: FleetHistory,
  nowSeconds: number,
  fleetNow?: Fleet,
): JobView {
  const { job, phase, outcome, epoch, progress } = known;
  const shown = isActive(phase) || phase === "ended" ? epoch : undefined;
  const fleet = shown && fleets.at(shown.placedSeq);
  const endSeconds = known.endedSeconds ?? nowSeconds;
  const { electricityUsd, energyKwh, gpuSeconds } =
    isActive(phase) && epoch ? jobFootprint(known, true, fleetNow ?? fleet!, nowSeconds) : known;
  const conditions = conditionsOf(known, nowSeconds);
  return {
    id: job.id,
    tenant: job.tenant,
    phase,
    outcome: outcome?.kind ?? null,
    reason: (outcome?.kind === "failed" ? outcome.reason : known.reason) ?? null,
    ...(conditions.length > 0 ? { conditions } : {}),
    submittedSeconds: job.submitSeconds,
    startedSeconds: known.firstStartSeconds ?? null,
    endedSeconds: known.endedSeconds ?? null,
    waitSeconds: (known.firstStartSeconds ?? endSeconds) - job.submitSeconds,
    jctSeconds: known.endedSeconds === undefined ? null : known.endedSeconds - job.submitSeconds,
    epoch: known.epochs,
    placement: shown ? placementView(shown.placement, fleet!) : null,
    iterations: job.iterations,
    step: stepsDone(known),
    firstLoss: known.firstLoss ?? progress?.firstLoss ?? null,
    // That of the step that is shown: steps after the last checkpoint are done again.
    lastLoss: progress?.step === stepsDone(known) ? progress.lastLoss : null,
    predictedStepSeconds: shown?.predictedIterationSeconds ?? null,
    measuredStepSeconds:
      progress && progress.stepCount > 0 ? progress.stepSecondsSum / progress.stepCount : null,
    blockRatio: known.blockRatio ?? null,
    committedStep: known.committedStep ?? null,
    hops: shown ? hopViews(shown, fleet!, nowSeconds) : [],
    replan: replanView(known.replan),
    ...stayedView(known),
    electricityUsd,
    energyKwh,
    gpuSeconds,
    ...(job.priorityClass === undefined ? {} : { priorityClass: job.priorityClass }),
    ...(known.held ? { held: true } : {}),
    ...(known.preempted
      ? { preempted: { by: known.preempted.by, atSeconds: known.preempted.atSeconds } }
      : {}),
  };
}

export function regionsView(state: State, nowSeconds: number): RegionList {
  const { changes, declaredFleet, fleet, ledger, links: estimates } = state;
  const { name, regions, links } = fleet!;
  const { freeGpus, reservedBitsPerSecond } = ledger!;
  const limitOf = (from: string, to: string) => {
    const estimate = estimates.get(linkKey(from, to));
    if (!estimate?.limit || !isLimited(estimate, nowSeconds)) return null;
    const { atSeconds, bitsPerSecond } = estimate.limit;
    return { bitsPerSecond, ageSeconds: Math.max(0, nowSeconds - atSeconds) };
  };
  const linkView = (link: Fleet["links"][number], index: number) => {
    const [from, to] = [regions[link.from]!.name, regions[link.to]!.name];
    const { bandwidth, latency } = linkChange(changes, from, to);
    const bandwidthFrom = provenanceOf("link", bandwidth, nowSeconds);
    const believed = believedLink(state, index, nowSeconds);
    return {
      to,
      bandwidthBitsPerSecond:
        bandwidth && !bandwidthFrom.isDefault
          ? bandwidth.value
          : declaredFleet!.links[index]!.bandwidthBitsPerSecond,
      reservedBitsPerSecond: reservedBitsPerSecond[link.from * regions.length + link.to]!,
      latencySeconds: believed.latencySeconds,
      bandwidthFrom,
      latencyFrom: provenanceOf("link", latency, nowSeconds),
      plannedBitsPerSecond: believed.bandwidthBitsPerSecond,
      limit: limitOf(from, to),
    };
  };
  const indexed = links.map((link, index) => ({ link, index }));
  return {
    fleet: name,
    nowSeconds,
    regions: regions.map((region, index) => ({
      name: region.name,
      infrastructure: infrastructureOf(region),
      gpuType: region.gpuType.name,
      emulated: region.gpuType.emulated ?? false,
      gpus: region.gpus,
      freeGpus: freeGpus[index]!,
      priceUsdPerKwh: valueAt(region.tariff, nowSeconds),
      pue: region.pue,
      ...figuresFrom(regionChange(changes, region.name), region, declaredFleet!.regions[index]!, nowSeconds),
      latitude: region.latitude ?? null,
      longitude: region.longitude ?? null,
      links: indexed.filter(({ link }) => link.from === index).map((each) => linkView(each.link, each.index)),
    })),
  };
}

/** What of the fleet is held, without its figures. */
export function loadView({ fleet, ledger }: Pick<State, "fleet" | "ledger">): Pick<Changes, "load"> {
  if (!fleet) return {};
  const { freeGpus, reservedBitsPerSecond } = ledger!;
  const { links, regions } = fleet;
  return {
    load: {
      freeGpus: Object.fromEntries(regions.map(({ name }, index) => [name, freeGpus[index]!])),
      links: links.flatMap(({ from, to }) => {
        const reserved = reservedBitsPerSecond[from * regions.length + to]!;
        const [a, b] = [regions[from]!.name, regions[to]!.name];
        return reserved > 0 ? [{ from: a, to: b, reservedBitsPerSecond: reserved }] : [];
      }),
    },
  };
}

function figuresFrom(change: RegionChange, region: Region, declared: Region, nowSeconds: number) {
  const carbonFrom = seriesProvenance("carbon", change, nowSeconds);
  const series = carbonFrom.isDefault ? declared.carbon : region.carbon;
  return {
    priceFrom: seriesProvenance("price", change, nowSeconds),
    carbonGramsPerKwh: series ? valueAt(series, nowSeconds) : null,
    carbonFrom,
    ...(change.cordon ? { cordon: change.cordon } : {}),
  };
}

export function decisionView(decided: Decided, fleets: FleetHistory): DecisionView {
  const { seq, atSeconds, kind, jobId, why } = decided;
  const placed = decided.kind === "placed" ? decided : undefined;
  return {
    seq,
    atSeconds,
    kind,
    jobId,
    epoch: placed?.epoch ?? null,
    placement: placed ? placementView(placed.placement, fleets.at(seq)) : null,
    predictedStepSeconds: placed?.predictedIterationSeconds ?? null,
    hops: placed ? hopViews(placed, fleets.at(seq), atSeconds) : [],
    replan: replanView(placed?.replan),
    why: explanationView(why),
  };
}

/** The same data; copied because the wire's types are mutable. */
export function explanationView(why: Decided["why"]): DecisionView["why"] {
  const { blockedBy, depth, overQuota, postponed, precedence, reservedFor, ...rest } = why;
  return {
    ...rest,
    candidates: why.candidates.map((candidate) => ({
      ...candidate,
      regions: [...candidate.regions],
      rejections: [...candidate.rejections],
    })),
    ...(blockedBy === undefined ? {} : { blockedBy }),
    ...(depth === undefined ? {} : { depth }),
    ...(reservedFor === undefined ? {} : { reservedFor }),
    ...(postponed === undefined ? {} : { postponed }),
    ...(overQuota === undefined ? {} : { overQuota }),
    ...(precedence === undefined ? {} : { precedence: precedenceView(precedence) }),
  };
}

function precedenceView({ because, behind, ...rest }: Precedence) {
  return {
    ...rest,
    ...(behind === undefined ? {} : { behind }),
    ...(because === undefined ? {} : { because }),
  };
}

/** What was decided about a job that is no longer in the queue. */
export function explainedView(
  { job, phase, epoch, infeasibleWhy, replan }: JobState,
  fleets: FleetHistory,
  nowSeconds: number,
): Explained {
  const why = phase === "infeasible" ? infeasibleWhy : epoch?.why;
  const kind = phase === "infeasible" || phase === "ended" ? phase : "placed";
  const shown = phase === "infeasible" ? undefined : epoch;
  const fleet = shown && fleets.at(shown.placedSeq);
  return {
    ...{ jobId: job.id, kind },
    placement: shown ? placementView(shown.placement, fleet!) : null,
    hops: shown ? hopViews(shown, fleet!, nowSeconds) : [],
    replan: replanView(replan),
    predictedStepSeconds: shown?.predictedIterationSeconds ?? null,
    why: why ? explanationView(why) : null,
  };
}
