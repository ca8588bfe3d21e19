import type { Explained, JobView } from "@bace-pipe/server";
import pc from "picocolors";
import { expect, test } from "vitest";
import { explainText } from "../src/commands/explain.ts";
import { whyLine } from "../src/render/explanation.ts";
import { inOrder, queueText } from "../src/render/queue.ts";
import { regionsText } from "../src/render/regions.ts";
import { jobView, REGIONS, WAITING } from "./support/views.ts";

const colors = pc.createColors(false);
const explain = (explained: Explained, job: JobView) => explainText(explained, job, colors);

test("a job that waits: its place and the terms, every path, what is missing", () => {
  expect(explain(WAITING, jobView({ id: "wide", phase: "queued", waitSeconds: 192 }))).toBe(`wide waits
queued; waited 3.2 min

Order  place 2 by bace: priority 0.61 = (1−α)(1−I) + α(1−D) with network load α = 0.25, computation I = 0.4, bandwidth need D = 0.36
GPUs   K* is 4 GPUs: the count with the shortest step if links cost nothing
Bound  no placement makes a step shorter than 320 ms

Paths that were tried
  ✗ frankfurt → new-york: 3 of 4 GPUs, 1 short
      not tokyo: the hop new-york → tokyo needs 77 Mbit/s and has 12 Mbit/s left, 65 Mbit/s short
      not osaka: no GPU is free there
  ✗ tokyo: 1 of 4 GPUs, 3 short
      not frankfurt: the hop tokyo → frankfurt needs 77 Mbit/s and has 47.9 Mbit/s left, 29.1 Mbit/s short

How far from feasible: 1 GPU short on frankfurt → new-york; the hop nearest to passing, tokyo → frankfurt, is 29.1 Mbit/s short.
`);
});

const PLACED: Explained = {
  jobId: "wide",
  kind: "placed",
  placement: {
    regions: [
      { region: "frankfurt", gpus: 3 },
      { region: "new-york", gpus: 1 },
    ],
    hops: [{ from: "frankfurt", to: "new-york", reservedBitsPerSecond: 58e6 }],
  },
  hops: [],
  replan: null,
  predictedStepSeconds: null,
  why: {
    ...WAITING.why!,
    candidates: [
      { regions: ["frankfurt", "new-york"], gpus: 4, outcome: "chosen", rejections: [] },
      {
        regions: ["tokyo"],
        gpus: 1,
        outcome: "too-few-gpus",
        rejections: WAITING.why!.candidates[1]!.rejections,
      },
    ],
  },
};

test("a placed job: where, why there, what was predicted and measured", () => {
  const job = jobView({
    id: "wide",
    phase: "running",
    startedSeconds: 1,
    step: 3,
    firstLoss: 5.5,
    lastLoss: 4.25,
  });
  const text = explain(PLACED, { ...job, predictedStepSeconds: 0.5, measuredStepSeconds: 0.6 });
  expect(text).toContain("wide is placed: 3 GPUs in frankfurt →(58 Mbit/s)→ 1 GPU in new-york\n");
  expect(text).toContain("step 3 of 40; loss 5.500 → 4.250; step time 500 ms predicted, 600 ms measured");
  expect(text).toContain("✓ frankfurt → new-york: 4 GPUs, chosen");
  expect(text).not.toContain("How far from feasible");
});

test("the links of a placed job: rates its schedule was chosen for, what was measured, and why it was moved", () => {
  const ends = { from: "frankfurt", to: "new-york" };
  const moved: Explained = {
    ...PLACED,
    hops: [
      {
        ...ends,
        reservedBitsPerSecond: 58e6,
        interval: { lowBitsPerSecond: 41e6, highBitsPerSecond: null },
        measured: [
          { ...ends, bitsPerSecond: 55e6, roundTripSeconds: 0.082, ageSeconds: 12 },
          { from: "new-york", to: "frankfurt", bitsPerSecond: 6e6, roundTripSeconds: null, ageSeconds: 3 },
        ],
      },
    ],
    replan: {
      ...{
        trigger: "link",
        action: "move",
        step: 40,
        from: "frankfurt",
        to: "virginia",
        measuredBitsPerSecond: 42e6,
      },
      ...{ lowBitsPerSecond: 80e6, highBitsPerSecond: 210e6, gainSeconds: 310, costSeconds: 25 },
    },
  };
  const text = explain(moved, jobView({ id: "wide", phase: "running" }));
  expect(text).toContain(`
Last moved at step 40: frankfurt → virginia carried 42 Mbit/s, the schedule was chosen for 80 Mbit/s to 210 Mbit/s; gain 5.17 min for a cost of 25 s.

Links
  frankfurt → new-york: 58 Mbit/s reserved; the schedule was chosen for 41 Mbit/s or more
      frankfurt → new-york carries 55 Mbit/s, round trip 82 ms, seen 12 s ago
      new-york → frankfurt carries 6 Mbit/s, seen 3 s ago

`);
});

test("why a job is where it is, in one line", () => {
  expect(whyLine(PLACED.why!, PLACED.placement!)).toBe(
    "K* = 4 GPUs over 2 regions, 58 Mbit/s reserved; place 2 with priority 0.61; best of 2 paths; tokyo → frankfurt refused (needs 77 Mbit/s, has 47.9 Mbit/s)",
  );
});

test("a job that the strict order holds back: by whom", () => {
  const why = { ...WAITING.why!, order: { kind: "fcfs" as const, submitSeconds: 0 }, blockedBy: "first" };
  const text = explain({ ...WAITING, why }, jobView({ phase: "queued" }));
  expect(text).toContain("first come, first served");
  expect(text).toContain("Held   by first");
});

test("a job that has ended: its outcome and the reason", () => {
  const ended: Explained = {
    jobId: "wide",
    kind: "ended",
    placement: null,
    hops: [],
    replan: null,
    predictedStepSeconds: null,
    why: null,
  };
  const job = jobView({ id: "wide", phase: "ended", outcome: "failed", reason: "tokyo: exit code 1" });
  expect(explain(ended, job)).toBe("wide has ended\nfailed; waited 0 s\nBecause: tokyo: exit code 1\n");
});

test("the queue: what runs first, then what waits in the policy's order, then what has ended", () => {
  const jobs = [
    jobView({ id: "done", phase: "ended", outcome: "finished" }),
    jobView({ id: "later", phase: "queued" }),
    jobView({ id: "sooner", phase: "queued" }),
    jobView({ id: "now", phase: "running", placement: PLACED.placement }),
  ];
  const positions = new Map([
    ["later", 2],
    ["sooner", 1],
  ]);
  expect(inOrder(jobs, positions).map(({ id }) => id)).toEqual(["now", "sooner", "later", "done"]);
  expect(queueText(jobs, positions, colors)).toMatch(/^now +running +– +frankfurt 3 → new-york 1 +0\/40/m);
});

test("regions: free of total, price, reserved share of each link", () => {
  const text = regionsText(REGIONS, colors, false);
  expect(text).toMatch(/^frankfurt +slot \(emulated\) +open +1 of 3 +0.0846 USD\/kWh +default +1.2$/m);
  expect(text).toMatch(/^frankfurt → tokyo +48 Mbit\/s +12 Mbit\/s +25.0 % +– +default +111 ms$/m);
});

test("regions: cordons, and figures that somebody observed, with source and age", () => {
  const from = { source: "iperf3", ageSeconds: 192, isDefault: false };
  const [first] = REGIONS as [(typeof REGIONS)[number]];
  const links = first.links.map((link) => ({ ...link, bandwidthFrom: from, plannedBitsPerSecond: 44e6 }));
  const text = regionsText([{ ...first, cordon: "drained", priceFrom: from, links }], colors, false);
  expect(text).toMatch(/drained +1 of 3 +0.0846 USD\/kWh +iperf3, 3.2 min ago/);
  expect(text).toMatch(/44 Mbit\/s +iperf3, 3.2 min ago/);
});

test("why a job waits: its tenant's quota, whose turn it is, and who holds it", () => {
  const why = {
    ...WAITING.why!,
    precedence: {
      ...{ tenant: "lab", priorityClass: "batch", classValue: -10, weightedGpuSeconds: 7200 },
      ...{ behind: "urgent", because: "class" as const },
    },
    overQuota: { kind: "gpus" as const, tenant: "lab", quota: 4, held: 3, needed: 2 },
  };
  const message = "it is not placed until `bace release wide`";
  const conditions = [{ type: "held" as const, reason: "operator", message, sinceSeconds: null }];
  const job = jobView({
    ...{ id: "wide", phase: "queued", held: true, conditions },
    preempted: { by: "urgent", atSeconds: 0 },
  });
  const text = explainText({ ...WAITING, why }, job, colors);
  expect(text).toContain(
    "class batch (-10); tenant lab has used 2 h of GPU time for its weight; behind urgent",
  );
  expect(text).toContain("Held   back: tenant lab has 3 of its 4 GPUs, and the job needs 2");
  expect(text).toContain("Was preempted by urgent.");
  expect(text).toContain("until `bace release wide`");
  expect(queueText([job], new Map(), colors)).toMatch(/^wide +held/m);
});
