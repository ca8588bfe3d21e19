// The best extra forwards of each hop of one placement (GeoPipe's ΔN): all vectors from none to what the warm-up rule
// asks, hop by hop. Left untimed are those that memory cannot hold, with all that are larger, and those that the closed
// form of least-seconds.ts rules out. Of equal times the one that holds fewer activations wins.
import { type Fleet, topologyOf } from "../../fleet/fleet.ts";
import type { Placement } from "../../fleet/ledger.ts";
import { hidingForwards, oneFOneBSeconds, type Timing } from "../../pipeline/index.ts";
import { gradientReductionSeconds } from "../gradient-reduction.ts";
import type { Job } from "../job.ts";
import { occupancySeconds, stageLinks, stageTimes } from "../stage-times.ts";
import { placementExtraForwards, stageLayers } from "../stages.ts";
import { placementInUnits, type UnitView, unitView } from "../unit.ts";
import { leastOneFOneBSeconds } from "./least-seconds.ts";

/** Vectors of one grid point that are looked at: beyond it hops so long that nobody could hold what hides them. */
const MOST_VECTORS = 20_000;
/** Times that differ by less are the same. */
const SAME = 1e-9;

export interface TimedForwards {
  /** Per hop. */
  readonly hopExtraForwards: readonly number[];
  /** Of an iteration, reduction of gradients included. */
  readonly iterationSeconds: number;
  /** Of the pipeline alone. */
  readonly makespanSeconds: number;
  readonly bubble: Bubble;
}

/** Shares of all ranks' time between the first forward and the last backward. */
export interface Bubble {
  /** All idle time: fill, drain and what crossing regions adds. */
  readonly allIdle: number;
  /**
   * What crossing regions adds, (T − T₀) / T, T₀ that of plain 1F1B on links that take no time. A split of the layers that
   * is less even, so that extra forwards fit into memory, is part of what crossing costs.
   */
  readonly fromCrossing: number;
}

export interface ForwardsSearch {
  /** Without any extra forward: 1F1B. */
  readonly plain: TimedForwards;
  readonly best: TimedForwards;
  /** Per hop, what the warm-up rule asks for. */
  readonly rule: readonly number[];
  /** Vectors, all of which are one of the following. */
  readonly vectors: number;
  readonly timed: number;
  readonly ruledOut: number;
  readonly overMemory: number;
  /** Not looked at because there are too many. */
  readonly left: number;
}

/** Undefined where memory does not even hold 1F1B's activations. @param path in GPUs; its extra forwards are not looked at. */
export function searchForwards(job: Job, fleet: Fleet, path: Placement): ForwardsSearch | undefined {
  const view = unitView(job, fleet);
  const none = path.hopBitsPerSecond.map(() => 0);
  if (!fits(view, path, none)) return undefined;
  const localSeconds = localMakespanSeconds(job, fleet, view, path);
  const plain = timeOf(job, fleet, view, path, none, localSeconds);
  const rule = ruleOf(job, fleet, view, path);
  const vectors = rule.reduce((product, most) => product * (most + 1), 1);
  let best = plain;
  let [timed, ruledOut, overMemory, left] = [1, 0, 0, 0];
  /** Vectors that begin like `chosen`. */
  const below = (chosen: number) => rule.slice(chosen).reduce((product, most) => product * (most + 1), 1);
  const search = (chosen: readonly number[]) => {
    if (timed + ruledOut >= MOST_VECTORS) {
      left += below(chosen.length);
      return;
    }
    if (chosen.length < rule.length) {
      // The most first: the best is likely there, and rules out others.
      for (let forwards = rule[chosen.length]!; forwards >= 0; forwards--) {
        const next = [...chosen, forwards];
        if (fits(view, path, [...next, ...none.slice(next.length)])) search(next);
        else overMemory += below(next.length);
      }
      return;
    }
    if (chosen.every((forwards) => forwards === 0)) return;
    const { timing, extraForwards, microbatches } = scheduled(job, fleet, view, path, chosen);
    if (leastOneFOneBSeconds(microbatches, timing, extraForwards) > best.makespanSeconds * (1 + SAME)) {
      ruledOut++;
      return;
    }
    timed++;
    const found = timeOf(job, fleet, view, path, chosen, localSeconds);
    if (isBetter(found, best)) best = found;
  };
  search([]);
  return { plain, best, rule, vectors, timed, ruledOut, overMemory, left };
}

function isBetter(found: TimedForwards, best: TimedForwards): boolean {
  const difference = found.iterationSeconds - best.iterationSeconds;
  if (Math.abs(difference) > SAME * best.iterationSeconds) return difference < 0;
  const held = ({ hopExtraForwards }: TimedForwards) =>
    hopExtraForwards.reduce((sum, forwards) => sum + forwards, 0);
  return held(found) < held(best);
}

function placed(path: Placement, hopExtraForwards: readonly number[]): Placement {
  const { gpus, hopBitsPerSecond, regions } = path;
  return { regions, gpus, hopBitsPerSecond, hopExtraForwards };
}

/** Whether some split of the layers holds the activations of these extra forwards. More never fit where fewer do not. */
function fits({ fleet, job, unitGpus }: UnitView, path: Placement, extra: readonly number[]): boolean {
  const placement = placementInUnits(placed(path, extra), unitGpus);
  const stages = placement.gpus.reduce((sum, count) => sum + count, 0);
  return stageLayers(job, stages, fleet, placementExtraForwards(placement)) !== undefined;
}

function scheduled(job: Job, fleet: Fleet, view: UnitView, path: Placement, extra: readonly number[]) {
  const placement = placed(path, extra);
  const { backward, forward } = stageTimes(job, fleet, placement);
  const timing: Timing = {
    forwardSeconds: forward,
    inputGradSeconds: backward,
    weightGradSeconds: backward.map(() => 0),
    overheadSeconds: job.overheadSeconds,
    links: stageLinks(job, fleet, placement),
  };
  const units = placementInUnits(placement, view.unitGpus);
  return { timing, units, extraForwards: placementExtraForwards(units), microbatches: view.job.microbatches };
}

function localMakespanSeconds(job: Job, fleet: Fleet, view: UnitView, path: Placement): number {
  const { microbatches, timing } = scheduled(job, fleet, view, path, []);
  return oneFOneBSeconds(microbatches, { ...timing, links: [] });
}

function timeOf(
  job: Job,
  fleet: Fleet,
  view: UnitView,
  path: Placement,
  extra: readonly number[],
  localSeconds: number,
): TimedForwards {
  const { extraForwards, microbatches, timing, units } = scheduled(job, fleet, view, path, extra);
  const makespanSeconds = oneFOneBSeconds(microbatches, timing, extraForwards);
  const { forwardSeconds, inputGradSeconds, overheadSeconds } = timing;
  const busySeconds = forwardSeconds.reduce(
    (sum, seconds, stage) => sum + microbatches * (seconds + inputGradSeconds[stage]! + 2 * overheadSeconds),
    0,
  );
  return {
    hopExtraForwards: extra,
    iterationSeconds: makespanSeconds + gradientReductionSeconds(job, view, units),
    makespanSeconds,
    bubble: {
      allIdle: 1 - busySeconds / (forwardSeconds.length * makespanSeconds),
      fromCrossing: 1 - localSeconds / makespanSeconds,
    },
  };
}

/** ⌈round trip / C⌉ per hop, C of the slowest stage without extra forwards; no more than there are micro-batches. */
function ruleOf(job: Job, fleet: Fleet, view: UnitView, path: Placement): readonly number[] {
  const { backward, forward } = stageTimes(job, fleet, placed(path, []));
  const period = Math.max(
    ...forward.map((seconds, stage) => seconds + backward[stage]! + 2 * job.overheadSeconds),
  );
  const { latencySeconds, regionCount } = topologyOf(fleet);
  return path.hopBitsPerSecond.map((bitsPerSecond, hop) => {
    const [a, b] = [path.regions[hop]!, path.regions[hop + 1]!];
    const latency = latencySeconds[a * regionCount + b]! + latencySeconds[b * regionCount + a]!;
    const roundTrip = latency + 2 * occupancySeconds(view.job, bitsPerSecond);
    return Math.min(view.job.microbatches, hidingForwards(roundTrip, period));
  });
}
