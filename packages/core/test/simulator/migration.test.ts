// What moving running jobs is worth where prices move: the same world with the same policy, once with and once without.
import { describe, expect, it } from "vitest";
import { REPLAN_PAUSE_SECONDS } from "../../src/control/replanning.ts";
import type { Replan, State } from "../../src/control/state.ts";
import type { Policy } from "../../src/scheduler/policy.ts";
import { createPolicy } from "../../src/scheduler/registry.ts";
import { simulate } from "../../src/simulator/engine.ts";
import type { Said } from "../../src/simulator/said.ts";
import { fleetOf, jobOf } from "../support/fleets.ts";

const HOUR = 3600;
const fleet = fleetOf(
  [
    { gpus: 16, price: 0.15 },
    { gpus: 16, price: 0.17 },
    { gpus: 16, price: 0.2 },
  ],
  () => 10,
);
/** Of 59 h each on eight GPUs. */
const jobs = ["a", "b", "c"].map((id, i) =>
  jobOf(id, { minGpus: 8, maxGpus: 8, iterations: 8000, submitSeconds: 600 * i }),
);

/** An auction that says each region's prices of a day, hour by hour, as it begins: the wind blows in another one every day. */
function auction(days: number): Said[] {
  return Array.from({ length: days * fleet.regions.length }, (_day, i): Said => {
    const [day, region] = [Math.floor(i / 3), i % 3];
    const atSeconds = day * 24 * HOUR + (day === 0 ? HOUR : 0);
    const hours = Array.from({ length: 24 }, (_h, hour) => day * 24 + hour);
    return {
      atSeconds,
      fact: {
        ...{ kind: "price-curve", region: `r${region}`, source: "auction", observedAtSeconds: atSeconds },
        fromSeconds: hours.map((hour) => hour * HOUR),
        values: hours.map((hour) => (day % 3 === region ? 0.03 : 0.3) + 0.001 * (hour % 24)),
        untilSeconds: (day + 1) * 24 * HOUR,
      },
    };
  });
}

function run(policy: Policy, said: readonly Said[]) {
  const moves = new Map<string, Replan>();
  const onInstant = ({ jobs: all }: State) => {
    for (const { job, replan } of all.values()) if (replan) moves.set(`${job.id}.${replan.epoch}`, replan);
  };
  const result = simulate({ fleet, jobs, policy, said, timeModel: "1f1b", onInstant });
  return { result, moves: [...moves.entries()] };
}

const moving = createPolicy("bace-plus");
const { pricing: _pricing, ...staying } = moving;

describe("an auction in which another region is cheap every day", () => {
  it("is followed for less money in all, what moving costs included", async ({ annotate }) => {
    const [with_, without] = [run(moving, auction(3)), run(staying, auction(3))];
    const usd = (of: typeof with_) =>
      of.result.jobs.reduce((sum, { electricityUsd }) => sum + electricityUsd, 0);
    // The simulator stops and starts in no time: what that costs is added as it was predicted.
    const paid = with_.moves.reduce((sum, [, { costUsd = 0 }]) => sum + costUsd, 0);
    const lost = with_.moves.reduce(
      (sum, [, { trigger, costSeconds }]) => sum + (trigger ? costSeconds : 0),
      0,
    );
    const meanHours = (of: typeof with_) =>
      of.result.jobs.reduce((sum, each) => sum + each.endSeconds! - each.submitSeconds, 0) / 3 / HOUR;
    await annotate(
      `three jobs of 59 h: ${usd(without).toFixed(2)} USD and ${meanHours(without).toFixed(2)} h without migration; ` +
        `${usd(with_).toFixed(2)} + ${paid.toFixed(2)} USD and ${meanHours(with_).toFixed(2)} + ` +
        `${(lost / 3 / HOUR).toFixed(2)} h with ${with_.moves.length} moves`,
    );
    expect(without.moves).toEqual([]);
    expect(with_.moves.length).toBeGreaterThan(0);
    expect(usd(with_) + paid).toBeLessThan(0.7 * usd(without));
    expect(meanHours(with_) + lost / 3 / HOUR).toBeLessThan(1.02 * meanHours(without));
  });

  it("is the same run again, and moves nobody where nothing is said", () => {
    expect(run(moving, auction(3))).toEqual(run(moving, auction(3)));
    expect(run(moving, [])).toEqual(run(staying, []));
  });
});

it("prices that change every minute for a day move each job after ever longer pauses, ten times at most", async ({
  annotate,
}) => {
  const said = Array.from({ length: 24 * 60 }, (_minute, minute): Said => {
    const [atSeconds, region] = [HOUR + 60 * minute, minute % 3];
    const cheap = Math.floor(minute / 3) % 2 === 0;
    return {
      atSeconds,
      fact: {
        ...{ kind: "price-curve", region: `r${region}`, source: "flapping", observedAtSeconds: atSeconds },
        ...{ fromSeconds: [atSeconds], untilSeconds: atSeconds + 48 * HOUR },
        values: [(region === 1) === cheap ? 0.02 : 0.5],
      },
    };
  });
  const { moves, result } = run(moving, said);
  const hours = result.jobs.map(({ endSeconds, submitSeconds }) => (endSeconds! - submitSeconds) / HOUR);
  await annotate(`${moves.length} moves of three jobs of ${hours.map((h) => h.toFixed(1)).join(", ")} h`);
  for (const id of ["a", "b", "c"]) {
    const times = moves.filter(([key]) => key.startsWith(id)).map(([, { atSeconds }]) => atSeconds);
    expect(times.length).toBeLessThanOrEqual(10); // once every ten minutes would be 97
    for (const [i, at] of times.slice(1).entries())
      expect(at - times[i]!).toBeGreaterThanOrEqual(REPLAN_PAUSE_SECONDS);
  }
});
