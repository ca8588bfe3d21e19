// A day of prices by quarter of an hour, fetched from a source in ENTSO-E's format and told to a simulation, moves placement:
// the same jobs, once with the file's flat tariffs and once with the day-ahead curves. Invented prices: the wind blows in
// the north by night, the sun shines in the south by day, and the east is in between. The paper's own policy is left out: of
// regions that each have room for the whole job it takes the one with the most free GPUs, whatever that costs.
import {
  createPolicy,
  type Fleet,
  flat,
  type InputFact,
  integral,
  type Job,
  type PolicyName,
  type Said,
  simulate,
} from "@bace-pipe/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ask, feedOf, openSource, seconds, type TestSource } from "./support.ts";

const DAY = "2026-03-10T00:00:00Z";
const QUARTERS = 96;
const HOURS = 24;
const ZONES = { north: "10YXX-INVENTED-1", south: "10YXX-INVENTED-2", east: "10YXX-INVENTED-3" } as const;
type Name = keyof typeof ZONES;
const NAMES = Object.keys(ZONES) as Name[];

/** EUR/MWh. */
const PRICES: Readonly<Record<Name, (quarter: number) => number>> = {
  north: (quarter) => 90 + 50 * Math.sin((2 * Math.PI * (quarter - 24)) / QUARTERS) + (quarter % 4) * 4,
  south: (quarter) => 90 - 60 * Math.sin((2 * Math.PI * (quarter - 24)) / QUARTERS) + (quarter % 4) * 4,
  east: (quarter) => 75 + 15 * Math.cos((4 * Math.PI * quarter) / QUARTERS),
};

let source: TestSource;
beforeAll(async () => {
  source = await openSource();
  source.answer = (path) => {
    const name = NAMES.find((each) => path.includes(ZONES[each]))!;
    const points = Array.from(
      { length: QUARTERS },
      (_, i) =>
        `<Point><position>${i + 1}</position><price.amount>${PRICES[name](i).toFixed(2)}</price.amount></Point>`,
    );
    const body = `<Publication_MarketDocument><TimeSeries><currency_Unit.name>EUR</currency_Unit.name><curveType>A03</curveType><Period>
      <timeInterval><start>2026-03-10T00:00Z</start><end>2026-03-11T00:00Z</end></timeInterval>
      <resolution>PT15M</resolution>${points.join("")}</Period></TimeSeries></Publication_MarketDocument>`;
    return { type: "text/xml", body };
  };
});
afterAll(() => source.close());

const gpuType = { name: "test", peakFlopsPerSecond: 1e14, memoryBytes: 48e9, busyWatts: 500, idleWatts: 50 };
/** Each has room for one job; none has a link: a job is in one of them. */
const fleet: Fleet = {
  name: "three",
  regions: NAMES.map((name, i) => ({ name, gpuType, gpus: 4, tariff: flat(0.1 + i / 1000), pue: 1.2 })),
  links: [],
};
/** One an hour; each takes 50 minutes on four GPUs. */
const jobs = Array.from(
  { length: HOURS },
  (_, hour): Job => ({
    ...{ id: `h${`${hour}`.padStart(2, "0")}`, tenant: "t", submitSeconds: hour * 3600 },
    ...{ work: { kind: "seconds", forwardSeconds: 1, backwardSeconds: 2 }, layers: 64, headLayers: 0 },
    ...{
      microbatches: 5,
      iterations: 500,
      activationBytes: 21e6,
      overheadSeconds: 0,
      minGpus: 4,
      maxGpus: 4,
    },
  }),
);

/** On the simulation's clock, whose second 0 is the day's first. */
function told(fact: InputFact): Said {
  if (fact.kind !== "price-curve") throw new Error(fact.kind);
  const origin = seconds(DAY);
  return {
    atSeconds: 0,
    fact: {
      ...fact,
      observedAtSeconds: 0,
      fromSeconds: fact.fromSeconds.map((from) => from - origin),
      untilSeconds: fact.untilSeconds - origin,
    },
  };
}

test.each<PolicyName>(["bace-plus", "lcf"])(
  "a day of 15-minute prices moves what %s places",
  async (policy) => {
    const feed = feedOf(`
version: 1
currencies: {EUR: {usd: 1.1, asOf: 2026-03-01, source: invented}}
sources:
  - kind: entsoe
    name: day-ahead
    url: ${source.url}/api
    token: {env: TOKEN}
    zones: [${NAMES.map((region) => `{region: ${region}, eic: ${ZONES[region]}}`)}]
`);
    const { facts, failures } = await ask(feed, DAY);
    expect([facts.length, failures]).toEqual([3, []]);
    const said = facts.map(told);
    const run = (what: readonly Said[]) =>
      simulate({ fleet, jobs, said: what, policy: createPolicy(policy), timeModel: "overlapped" }).jobs;
    const priceOf = (name: string) => {
      const { fact } = said.find(({ fact: each }) => "region" in each && each.region === name)!;
      if (fact.kind !== "price-curve") throw new Error(fact.kind);
      const { fromSeconds, untilSeconds, values } = fact;
      const curve = { fromSeconds, untilSeconds, values };
      return { kind: "within", curve, otherwise: flat(0) } as const;
    };
    const [blind, seeing] = [run([]), run(said)];
    const regionsOf = (ran: typeof blind) => ran.map(({ placement }) => placement[0]!.region);
    /** At the prices that really held, whatever the policy thought. */
    const usdOf = (ran: typeof blind) =>
      ran.reduce((sum, { endSeconds, placement, startSeconds }) => {
        const [{ gpus, region }] = placement as [(typeof placement)[number]];
        return sum + (gpus * 500 * 1.2 * integral(priceOf(region), startSeconds!, endSeconds!)) / 3.6e6;
      }, 0);

    const letters = (names: readonly string[]) => names.map((name) => name[0]).join("");
    const [before, after] = [usdOf(blind), usdOf(seeing)];
    process.stdout.write(
      `${policy.padEnd(9)} by hour: ${letters(regionsOf(blind))} ${before.toFixed(3)} USD by flat tariffs, ` +
        `${letters(regionsOf(seeing))} ${after.toFixed(3)} USD by the day's prices (${((100 * after) / before).toFixed(1)} %)\n`,
    );
    expect(new Set(regionsOf(blind)).size).toBe(1);
    expect(new Set(regionsOf(seeing))).toEqual(new Set(NAMES));
    expect(after).toBeLessThan(before);
    // What it says it paid is what the curves say it costs.
    expect(seeing.reduce((sum, { electricityUsd }) => sum + electricityUsd, 0)).toBeCloseTo(after, 9);
  },
);
