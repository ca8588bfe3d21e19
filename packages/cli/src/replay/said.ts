// What operators and feeds said while a service ran, for a simulation that is to see the same world: cordons and drains,
// capacity, prices, carbon intensities, links, fleets that were loaded again, and holds. What was said before the first job
// came is said to the simulation at its beginning, with the age that it has by then. Left out: what ranks measured, which
// is of placements that the simulation may not make, and jobs that were held to the end.
import {
  type Event,
  isInputFact,
  type RegionChange,
  type Said,
  type SaidFact,
  type State,
} from "@bace-pipe/core";
import { shiftedCurve, shiftedFleet } from "./shifted.ts";

/** What an event says, if it does. */
export function saidBy(event: Event): readonly Said[] {
  const { atSeconds, seq: _, ...fact } = event;
  if (isInputFact(fact)) return [{ atSeconds, fact }];
  switch (fact.kind) {
    case "fleet-loaded":
    case "held":
    case "released":
      return [{ atSeconds, fact }];
    default:
      return [];
  }
}

/** What a state holds of it, where the events are gone or were of another fleet. */
export function saidAlready({ changes, jobs, nowSeconds }: State): Said[] {
  const held = [...jobs.values()].filter((known) => known.held);
  const facts: readonly SaidFact[] = [
    ...changes.regions.flatMap(regionFacts),
    ...changes.links.flatMap(({ bandwidth, from, latency, to }): SaidFact[] => {
      const link = { kind: "link-changed", from, to } as const;
      return [
        ...(bandwidth ? [{ ...link, ...timed(bandwidth), bandwidthBitsPerSecond: bandwidth.value }] : []),
        ...(latency ? [{ ...link, ...timed(latency), latencySeconds: latency.value }] : []),
      ];
    }),
    ...held.map(({ job }): SaidFact => ({ kind: "held", jobId: job.id })),
  ];
  return facts.map((fact) => ({ atSeconds: nowSeconds, fact }));
}

function regionFacts(change: RegionChange): SaidFact[] {
  const { busyWatts, carbon, carbonCurve, cordon, counted, gpus, name: region, price, priceCurve } = change;
  return [
    ...(gpus === undefined ? [] : [{ kind: "capacity-changed", region, gpus } as const]),
    ...(counted
      ? [{ kind: "capacity-counted", region, ...timed(counted), gpus: counted.value } as const]
      : []),
    ...(price
      ? [{ kind: "price-changed", region, ...timed(price), priceUsdPerKwh: price.value } as const]
      : []),
    ...(carbon
      ? [{ kind: "carbon-changed", region, ...timed(carbon), carbonGramsPerKwh: carbon.value } as const]
      : []),
    ...(priceCurve ? [{ kind: "price-curve", region, ...priceCurve } as const] : []),
    ...(carbonCurve ? [{ kind: "carbon-curve", region, ...carbonCurve } as const] : []),
    ...(busyWatts
      ? [{ kind: "power-changed", region, ...timed(busyWatts), busyWatts: busyWatts.value } as const]
      : []),
    // Whoever was to be stopped for it has been.
    ...(cordon ? [{ kind: "region-cordoned", region } as const] : []),
  ];
}

function timed({
  observedAtSeconds,
  source,
}: {
  readonly observedAtSeconds: number;
  readonly source: string;
}) {
  return { observedAtSeconds, source };
}

/** The simulation's name for a job of the log at a time; undefined for those that are not simulated. */
export type Naming = (jobId: string, atSeconds: number) => string | undefined;

/** On the simulation's clock, by its names. */
export function saidTo(said: readonly Said[], originSeconds: number, nameAt: Naming): readonly Said[] {
  const shifted = said.flatMap(({ atSeconds, fact }): Said[] => {
    const told = { atSeconds: Math.max(0, atSeconds - originSeconds) };
    switch (fact.kind) {
      case "fleet-loaded":
        return [{ ...told, fact: { ...fact, fleet: shiftedFleet(fact.fleet, originSeconds) } }];
      case "held":
      case "released": {
        const jobId = nameAt(fact.jobId, atSeconds);
        return jobId === undefined ? [] : [{ ...told, fact: { ...fact, jobId } }];
      }
      case "price-changed":
      case "carbon-changed":
      case "link-changed":
      case "power-changed":
      case "capacity-counted":
        return [{ ...told, fact: { ...fact, observedAtSeconds: fact.observedAtSeconds - originSeconds } }];
      case "price-curve":
      case "carbon-curve": {
        const observedAtSeconds = fact.observedAtSeconds - originSeconds;
        return [{ ...told, fact: { ...shiftedCurve(fact, originSeconds), observedAtSeconds } }];
      }
      default:
        return [{ ...told, fact }];
    }
  });
  const released = lastOf(shifted, "released");
  // It finished all the same: it was about to when somebody held it.
  return shifted.filter(({ fact }, i) => fact.kind !== "held" || (released.get(fact.jobId) ?? -1) > i);
}

/** Where in the list a kind comes last, by job. */
function lastOf(said: readonly Said[], kind: "released"): ReadonlyMap<string, number> {
  const last = new Map<string, number>();
  said.forEach(({ fact }, i) => {
    if (fact.kind === kind) last.set(fact.jobId, i);
  });
  return last;
}
