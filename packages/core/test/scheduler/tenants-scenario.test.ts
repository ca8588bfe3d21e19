// scenarios/tenants.yaml: that it shows what it says, by whatever policy.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { State } from "../../src/control/state.ts";
import { createPolicy, type PolicyName } from "../../src/scheduler/registry.ts";
import { simulate } from "../../src/simulator/engine.ts";
import { parseScenario } from "../../src/spec/index.ts";

const HOUR = 3600;
const file = new URL("../../../../scenarios/tenants.yaml", import.meta.url);
const parsed = parseScenario(readFileSync(file, "utf8"), "tenants.yaml");
if (!parsed.ok) throw new Error(parsed.diagnostics[0]!.message);
const scenario = parsed.value;

function run(name: PolicyName) {
  /** At each instant: GPUs that each tenant holds, and who waits. */
  const instants: { atSeconds: number; held: Map<string, number>; waiting: Set<string> }[] = [];
  const preemptions = new Set<string>();
  const onInstant = ({ active, jobs: known, nowSeconds: atSeconds, queued }: State) => {
    const held = new Map<string, number>();
    for (const id of active) {
      const { epoch, job } = known.get(id)!;
      const gpus = epoch!.placement.gpus.reduce((sum, n) => sum + n, 0);
      held.set(job.tenant, (held.get(job.tenant) ?? 0) + gpus);
    }
    instants.push({ atSeconds, held, waiting: new Set([...queued].map((id) => known.get(id)!.job.tenant)) });
    for (const { job, preempted } of known.values())
      if (preempted?.atSeconds === atSeconds) preemptions.add(`${job.id} for ${preempted.by}`);
  };
  const result = simulate({ ...scenario, policy: createPolicy(name), onInstant });
  const byId = new Map(result.jobs.map((job) => [job.id, job]));
  return { ...result, instants, preemptions: [...preemptions], job: (id: string) => byId.get(id)! };
}

/** GPU seconds that a tenant held up to a time. */
function gpuSeconds({ instants }: ReturnType<typeof run>, tenant: string, untilSeconds: number): number {
  return instants.reduce((sum, { atSeconds, held }, i) => {
    const nextSeconds = Math.min(instants[i + 1]?.atSeconds ?? atSeconds, untilSeconds);
    return sum + (held.get(tenant) ?? 0) * Math.max(0, nextSeconds - atSeconds);
  }, 0);
}

describe.each<PolicyName>(["bace", "bace-plus", "lcf", "easy"])("by %s", (name) => {
  const ran = run(name);

  it("every job comes to its end", () => {
    expect(ran.finishedJobs).toBe(scenario.jobs.length);
  });

  it("fair share: research has twice the GPU time of product while both have jobs that wait", () => {
    const { atSeconds } = ran.instants.find(
      ({ waiting }) => !waiting.has("research") || !waiting.has("product"),
    )!;
    expect(atSeconds).toBeGreaterThan(5 * HOUR);
    const share = gpuSeconds(ran, "research", atSeconds) / gpuSeconds(ran, "product", atSeconds);
    expect(share).toBeGreaterThan(1.5);
    expect(share).toBeLessThan(2.5);
  });

  it("quota in GPUs: product never has more than eight, though others are free and its jobs wait", () => {
    expect(Math.max(...ran.instants.map(({ held }) => held.get("product") ?? 0))).toBe(8);
    const isAlone = ran.instants.some(
      ({ held, waiting }) => held.get("product") === 8 && held.size === 1 && waiting.has("product"),
    );
    expect(isAlone).toBe(true);
  });

  it("quota in USD: students pay no more than 0.90 in any day, and wait for the next while everything is free", () => {
    const theses = ran.jobs.filter(({ tenant }) => tenant === "students");
    for (const { startSeconds } of theses) {
      const ofTheDay = theses.filter(
        (job) => job.startSeconds! >= startSeconds! && job.endSeconds! <= startSeconds! + 24 * HOUR,
      );
      expect(ofTheDay.reduce((usd, job) => usd + job.electricityUsd, 0)).toBeLessThanOrEqual(0.9);
    }
    const idle = ran.instants.some(({ held, waiting }) => held.size === 0 && waiting.has("students"));
    expect(idle).toBe(true);
  });

  it("preemption: the urgent job starts at once, students' jobs go on from their checkpoints", () => {
    expect(ran.preemptions).toEqual([
      expect.stringMatching(/^thesis-\d for hotfix$/),
      expect.stringMatching(/^thesis-\d for hotfix$/),
    ]);
    expect(ran.job("hotfix").startSeconds).toBe(11 * HOUR);
    for (const line of ran.preemptions) {
      const job = ran.job(line.split(" ")[0]!);
      expect(job).toMatchObject({ epochs: 2, outcome: "finished" });
      expect(job.electricityUsd).toBeLessThan(0.3); // nothing but the iteration that had begun was done twice
    }
  });
});
