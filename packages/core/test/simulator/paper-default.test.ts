// scenarios/paper-default.yaml against an independent simulator of the same exact rules. Figures are that simulator's.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createPolicy, type PolicyName } from "../../src/scheduler/registry.ts";
import { simulate } from "../../src/simulator/engine.ts";
import { parseScenario } from "../../src/spec/index.ts";

const INDEPENDENT: readonly [
  name: PolicyName,
  jctHours: number,
  usd: number,
  p95Hours: number,
  makespanHours: number,
][] = [
  ["lcf", 45.59947039, 1222.257843, 142.6180452, 142.6180452],
  ["ldf", 36.51512421, 1295.771702, 142.6180452, 142.6180452],
  ["cr-lcf", 54.60489868, 1643.686336, 102.0749121, 102.0749121],
  ["cr-ldf", 40.00077352, 1416.062116, 142.7186628, 142.7186628],
  ["bace", 23.44620268, 1115.941051, 81.18431539, 81.18431539],
  ["bace-no-priority", 34.93491265, 1269.176827, 83.44153795, 83.44153795],
  ["bace-no-pathfinder", 40.65080457, 1223.920196, 142.6180452, 142.6180452],
  ["bace-no-costmin", 23.44620268, 1115.941051, 81.18431539, 81.18431539],
];

const file = new URL("../../../../scenarios/paper-default.yaml", import.meta.url);
const parsed = parseScenario(readFileSync(file, "utf8"), "paper-default.yaml");
if (!parsed.ok) throw new Error(parsed.diagnostics[0]!.message);
const { fleet, jobs, payIdleGpus, policies, timeModel } = parsed.value;

test.each(INDEPENDENT)("%s: the same within one part in a million", (name, jctHours, usd, p95, makespan) => {
  const policy = createPolicy(name, policies);
  const result = simulate({ fleet, jobs, policy, timeModel, payIdleGpus });
  const near = (value: number | null, expected: number) =>
    expect(Math.abs(value! / expected - 1)).toBeLessThan(1e-6);
  near(result.averageJctSeconds, jctHours * 3600);
  near(result.electricityUsd, usd);
  near(result.p95JctSeconds, p95 * 3600);
  near(result.makespanSeconds, makespan * 3600);
});
