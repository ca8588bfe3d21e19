// What is used now and was used today and in all: of everybody's jobs, or of the tenant's whose token asks.
import { busyFacilityWatts, isActive, jobFootprint, type State, valueAt } from "@bace-pipe/core";
import { createRoute } from "@hono/zod-openapi";
import { type Identity, seesJob } from "../access/identity.ts";
import { createDayStart, type DayStart, type Footprint, NOTHING_USED } from "../day-start.ts";
import { type ApiContext, type App, jsonOf } from "./context.ts";
import { type Totals, totalsSchema, type Used } from "./schemas/totals.ts";

const SECONDS_PER_HOUR = 3600;
const WATTS_PER_KILOWATT = 1000;

const totalsRoute = createRoute({
  method: "get",
  path: "/v1/totals",
  summary: "GPUs, power, cost and carbon now, since 00:00 UTC, and of all jobs that there are",
  responses: { 200: { description: "Totals", ...jsonOf(totalsSchema) } },
});

export function addTotals(app: App, { readEvents, writer }: ApiContext): void {
  const dayStart = createDayStart(readEvents);
  app.openapi(totalsRoute, (c) => {
    const identity = c.get("identity");
    const nowSeconds = writer.nowSeconds();
    const state = writer.state();
    const { tenant } = identity;
    return c.json(
      {
        nowSeconds,
        tenant,
        now: nowOf(state, identity, nowSeconds),
        ...usedOf(state, identity, nowSeconds, dayStart),
      },
      200,
    );
  });
}

function nowOf(state: State, identity: Identity, nowSeconds: number): Totals["now"] {
  const { active, fleet, jobs } = state;
  const used = fleet!.regions.map(() => 0);
  for (const id of active) {
    const known = jobs.get(id)!;
    if (!seesJob(identity, known)) continue;
    const { gpus, regions } = known.epoch!.placement;
    for (const [i, region] of regions.entries()) used[region]! += gpus[i]!;
  }
  const regions = fleet!.regions.map((region, i) => {
    const powerWatts = used[i]! * busyFacilityWatts(region);
    const kilowatts = powerWatts / WATTS_PER_KILOWATT;
    return {
      region: region.name,
      gpusUsed: used[i]!,
      gpusTotal: region.gpus,
      powerWatts,
      usdPerHour: kilowatts * valueAt(region.tariff, nowSeconds),
      carbonGramsPerHour: region.carbon ? kilowatts * valueAt(region.carbon, nowSeconds) : 0,
    };
  });
  const sum = (of: (region: (typeof regions)[number]) => number) =>
    regions.reduce((all, each) => all + of(each), 0);
  return {
    gpusUsed: sum(({ gpusUsed }) => gpusUsed),
    gpusTotal: sum(({ gpusTotal }) => gpusTotal),
    powerWatts: sum(({ powerWatts }) => powerWatts),
    usdPerHour: sum(({ usdPerHour }) => usdPerHour),
    carbonGramsPerHour: sum(({ carbonGramsPerHour }) => carbonGramsPerHour),
    regions,
  };
}

function usedOf(
  { fleet, jobs }: State,
  identity: Identity,
  nowSeconds: number,
  dayStart: DayStart,
): Pick<Totals, "overall" | "today"> {
  let overall = NOTHING_USED;
  let today: Footprint | undefined = NOTHING_USED;
  for (const known of jobs.values()) {
    if (!seesJob(identity, known)) continue;
    const used = jobFootprint(known, isActive(known.phase), fleet!, nowSeconds);
    overall = plus(overall, used, 1);
    const before = dayStart.usedBefore(known, nowSeconds);
    today = today && before && plus(plus(today, used, 1), before, -1);
  }
  return { overall: usedView(overall), today: today ? usedView(today) : null };
}

function plus(a: Footprint, b: Footprint, sign: 1 | -1): Footprint {
  return {
    energyKwh: a.energyKwh + sign * b.energyKwh,
    electricityUsd: a.electricityUsd + sign * b.electricityUsd,
    carbonGrams: a.carbonGrams + sign * b.carbonGrams,
    gpuSeconds: a.gpuSeconds + sign * b.gpuSeconds,
  };
}

function usedView({ carbonGrams, electricityUsd, energyKwh, gpuSeconds }: Footprint): Used {
  return { electricityUsd, energyKwh, carbonGrams, gpuHours: gpuSeconds / SECONDS_PER_HOUR };
}
