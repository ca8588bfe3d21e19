// Curves and measured power in a log that is replayed: on the simulation's clock they say what they said on the service's.
import type { Event, InputFact, State } from "@bace-pipe/core";
import { emptyState, flat, reduce, valueAt } from "@bace-pipe/core";
import { expect, test } from "vitest";
import { saidAlready, saidBy, saidTo } from "../src/replay/said.ts";
import { shiftedFleet } from "../src/replay/shifted.ts";

const ORIGIN = 1_900_000_000;
const gpuType = { name: "t", peakFlopsPerSecond: 1e14, memoryBytes: 48e9, busyWatts: 300, idleWatts: 30 };
const fleet = {
  name: "one",
  regions: [{ name: "north", gpuType, gpus: 4, tariff: flat(0.2), pue: 1 }],
  links: [],
};
const by = { region: "north", source: "market", observedAtSeconds: ORIGIN + 10 };
const steps = { fromSeconds: [ORIGIN + 900, ORIGIN + 1800], untilSeconds: ORIGIN + 2700 };
const facts: readonly InputFact[] = [
  { kind: "price-curve", ...by, ...steps, values: [0.1, 0.3] },
  { kind: "carbon-curve", ...by, ...steps, values: [100, 300] },
  { kind: "power-changed", ...by, busyWatts: 250 },
];
const events = [{ kind: "fleet-loaded" as const, fleet }, ...facts].map(
  (fact, i): Event => ({ ...fact, seq: i + 1, atSeconds: ORIGIN + 10 }),
);
const stateOf = (all: readonly Event[]) => all.reduce<State>(reduce, emptyState());
const seen = (state: State, origin: number) => {
  const { carbon, measuredBusyWatts, tariff } = state.fleet!.regions[0]!;
  const times = [0, 900, 1799, 1800, 2699, 2700].map((at) => at + origin);
  return [times.map((at) => valueAt(tariff, at)), times.map((at) => valueAt(carbon!, at)), measuredBusyWatts];
};

test("they are what they were, of a log and of a state that stands for one", () => {
  const logged = stateOf(events);
  const wanted = [[0.2, 0.1, 0.1, 0.3, 0.3, 0.2], [0, 100, 100, 300, 300, 0], 250];
  expect(seen(logged, ORIGIN)).toEqual(wanted);
  for (const said of [events.slice(1).flatMap(saidBy), saidAlready(logged)]) {
    const shifted = saidTo(said, ORIGIN, () => undefined);
    const all = [{ kind: "fleet-loaded" as const, fleet }, ...shifted.map(({ fact }) => fact)];
    expect(seen(stateOf(all.map((fact, i): Event => ({ ...fact, seq: i + 1, atSeconds: 10 }))), 0)).toEqual(
      wanted,
    );
  }
  const early = shiftedFleet(logged.fleet!, ORIGIN);
  expect(seen({ ...logged, fleet: early }, 0)).toEqual(wanted);
});
