// What ranks measure of their links comes back to the scheduler: a link that leaves what the schedule was chosen for has the
// job checkpointed and placed anew, once.
import { launchKeyOf, POLICIES, REPLAN_PAUSE_SECONDS } from "@bace-pipe/core";
import { beforeEach, describe, expect, test } from "vitest";
import { clear, emptyDatabase } from "./support/database.ts";
import { createFakeExecutor, type FakeExecutor } from "./support/fake-executor.ts";
import { type Clock, jobText, openService, ranksOf, SCENARIO, type TestService } from "./support/service.ts";

const database = emptyDatabase();
let executor: FakeExecutor;
let clock: Clock;
let service: TestService;
let sequence: number;

const policy = POLICIES["bace-plus"]!();
const open = () => openService(database, executor, clock, policy, { timeModel: "auto" });

beforeEach(async () => {
  executor = createFakeExecutor();
  clock = { seconds: 1000 };
  sequence = 0;
  service = await open();
});

type Replan = NonNullable<Awaited<ReturnType<TestService["client"]["job"]>>["replan"]>;

function ofLink(replan: Replan | null): Extract<Replan, { trigger: "link" }> {
  if (replan?.trigger !== "link") throw new Error(`not because of a link: ${JSON.stringify(replan)}`);
  return replan;
}

const jobA = () => service.writer.state().jobs.get("a")!;
const kinds = async () =>
  (await database.query<{ kind: string }>("select kind from events order by seq")).map(({ kind }) => kind);
const count = async (kind: string) => (await kinds()).filter((each) => each === kind).length;

async function meet(): Promise<void> {
  await service.loop.cycle();
  await service.loop.cycle();
  clock.seconds += 8;
  await ranksOf(service, "a").meet();
}

/** Submits a job that would have all four GPUs and does with two, and gets it running on both regions. */
async function run(iterations = 1000): Promise<void> {
  await service.submit(jobText("a", { iterations, minGpus: 2 }));
  await meet();
  expect(jobA().epoch!.placement).toMatchObject({ regions: [0, 1], gpus: [2, 2] });
}

const reserved = () => jobA().epoch!.placement.hopBitsPerSecond[0]!;
const sent = (toRank: number, bitsPerSecond: number) => ({
  links: [{ toRank, bytes: bitsPerSecond / 8, seconds: 1, messages: 8, roundTripSeconds: 0.021 }],
});

/** Five seconds in which the hop carries that much, each way: rank 1 is the last of east, rank 2 the first of west. */
async function carry(bitsPerSecond: number, more: object = {}): Promise<void> {
  clock.seconds += 5;
  sequence++;
  const ranks = ranksOf(service, "a");
  await ranks.report(1, sequence, [], { ...sent(2, bitsPerSecond), ...more });
  if (jobA().phase === "running") await ranks.report(2, sequence, [], sent(1, bitsPerSecond));
}

async function train(from: number, to: number, loss: (step: number) => number): Promise<void> {
  const steps = Array.from({ length: to - from + 1 }, (_, i) => ({ step: from + i, loss: loss(from + i) }));
  await ranksOf(service, "a").report(ranksOf(service, "a").count - 1, from, steps);
}

describe("a link that drops to a tenth", () => {
  test("has the job checkpointed and placed anew; it goes on from there and finishes", async () => {
    await run();
    const first = executor.artifacts.get(launchKeyOf("a", 1, "east"))!.plan;
    await train(1, 40, (step) => 5 - step / 100);
    for (let i = 0; i < 4; i++) await carry(reserved());
    await carry(reserved(), { committedStep: 30 });
    expect(jobA()).toMatchObject({ phase: "running", committedStep: 30 });

    const slow = reserved() / 10;
    await carry(slow);
    await carry(slow);
    expect(jobA().phase).toBe("running");
    await carry(slow);
    await carry(slow);
    expect(jobA().phase).toBe("stopping");
    expect(await count("replan-requested")).toBe(1);
    const replan = ofLink((await service.client.job("a")).replan);
    expect(replan).toMatchObject({
      step: 40,
      measuredBitsPerSecond: Math.round(slow),
      highBitsPerSecond: null,
    });
    expect([replan.from, replan.to].sort()).toEqual(["east", "west"]);
    expect(replan.lowBitsPerSecond).toBeGreaterThan(slow);
    expect(replan.gainSeconds).toBeGreaterThan(2 * replan.costSeconds);

    // The ranks are told to stop, and the last thing they say is what they have saved.
    const last = await ranksOf(service, "a").report(0, 99, [], { committedStep: 40 });
    expect(last.status).toBe(410);
    expect(jobA().committedStep).toBe(40);
    await service.loop.cycle();
    await service.loop.cycle();
    expect(jobA()).toMatchObject({ phase: "starting", epochs: 2, excusedEpochs: 1 });
    expect(await service.client.job("a")).toMatchObject({
      ...{ step: 40, committedStep: 40, firstLoss: 4.99, lastLoss: null },
      ...{ placement: { regions: [{ region: "east", gpus: 2 }] }, hops: [] },
    });

    await meet();
    const second = executor.artifacts.get(launchKeyOf("a", 2, "east"))!.plan;
    expect(second.stages).toHaveLength(2);
    expect(second.stages).not.toEqual(first.stages);
    await train(41, 1000, () => 3);
    executor.exit(launchKeyOf("a", 2, "east"), 0);
    await service.loop.cycle();
    expect(await service.client.job("a")).toMatchObject({
      ...{ phase: "ended", outcome: "finished", step: 1000, firstLoss: 4.99, lastLoss: 3 },
      epoch: 2,
    });
    expect(await count("progress")).toBe(1000);
  });

  test("is shown: interval and measurement of the hop while it runs, the limit of the link, and why it was moved", async () => {
    await run();
    await carry(reserved());
    await carry(reserved());
    clock.seconds += 2;
    const [hop] = (await service.client.job("a")).hops;
    expect(hop).toMatchObject({
      ...{ from: "east", to: "west", reservedBitsPerSecond: reserved() },
      interval: { highBitsPerSecond: null },
      measured: [
        { from: "east", to: "west", bitsPerSecond: reserved(), roundTripSeconds: 0.021 },
        { from: "west", to: "east", bitsPerSecond: reserved(), roundTripSeconds: 0.021, ageSeconds: 2 },
      ],
    });
    expect(hop!.interval!.lowBitsPerSecond).toBeLessThan(reserved());
    expect((await service.client.explain("a")).hops).toEqual([hop]);

    const slow = reserved() / 10;
    for (let i = 0; i < 4; i++) await carry(slow);
    const { regions } = await service.client.regions();
    expect(regions[0]!.links[0]!.limit).toMatchObject({ bitsPerSecond: Math.round(slow) });
    await service.loop.cycle();
    await service.loop.cycle();
    const { decisions } = await service.client.decisions();
    expect(
      decisions.map(({ epoch, replan }) => [
        epoch,
        replan ? ofLink(replan).measuredBitsPerSecond : undefined,
      ]),
    ).toEqual([
      [1, undefined],
      [2, Math.round(slow)],
    ]);
    expect(decisions[0]!.hops[0]!.interval).toEqual(hop!.interval);
    expect((await service.client.explain("a")).replan).toEqual(decisions[1]!.replan);
  });

  test("is remembered over a restart, and forgotten when nobody has confirmed it for half an hour", async () => {
    await run();
    for (let i = 0; i < 4; i++) await carry(reserved() / 10);
    const before = service.snapshot();
    expect(before.links?.[0]).toMatchObject({ from: "east", to: "west", limit: {} });
    service = await open();
    expect(service.snapshot()).toEqual(before);
    await service.writer.close();
    service = await open();
    expect(service.snapshot()).toEqual(before);
    clock.seconds += 1801;
    expect((await service.client.regions()).regions[0]!.links[0]!.limit).toBeNull();
  });

  test("stays where it is if little is left of the job: moving costs more than it gains", async () => {
    await run(5);
    for (let i = 0; i < 8; i++) await carry(reserved() / 10);
    expect(jobA().phase).toBe("running");
    expect(await count("replan-requested")).toBe(0);
  });
});

test("a link that stays inside its interval moves nobody", async () => {
  await run();
  const { lowBitsPerSecond } = jobA().epoch!.chosenFor!.hops[0]!;
  for (let i = 0; i < 20; i++) await carry(i % 2 === 0 ? reserved() * 3 : lowBitsPerSecond + 1);
  expect(jobA()).toMatchObject({ phase: "running", epochs: 1 });
});

test("links that all flap move a job at most once in the stated time", async () => {
  const north = "  - {name: north, gpuType: slot, gpus: 2, priceUsdPerKwh: 0.30}\nlinks:";
  const links = ["east", "west"].map(
    (to) =>
      `  - {from: north, to: ${to}, both: true, bandwidthBitsPerSecond: 1 Gbit/s, latencySeconds: 10 ms}\n`,
  );
  await clear(database);
  const scenario = SCENARIO.replace("links:", north) + links.join("");
  service = await openService(database, executor, clock, policy, { timeModel: "auto", scenario });
  await service.submit(jobText("a", { iterations: 100_000 }));
  await meet();
  const paths = [jobA().epoch!.placement.regions];
  const moved: number[] = [];
  for (let i = 0; moved.length < 2; i++) {
    await carry(i % 16 < 8 ? reserved() / 10 : reserved());
    if (jobA().phase !== "stopping") continue;
    moved.push(clock.seconds);
    await service.loop.cycle();
    await service.loop.cycle();
    sequence = 0;
    await meet();
    expect(jobA()).toMatchObject({ phase: "running", epochs: moved.length + 1 });
    paths.push(jobA().epoch!.placement.regions);
  }
  expect(paths[1]).not.toEqual(paths[0]);
  expect(moved[1]! - moved[0]!).toBeGreaterThanOrEqual(REPLAN_PAUSE_SECONDS);
});

describe("figures that cannot be", () => {
  const hostile: readonly [string, object][] = [
    ["of no time", { links: [{ toRank: 2, bytes: 1e6, seconds: 0, messages: 9, roundTripSeconds: null }] }],
    ["negative", { links: [{ toRank: 2, bytes: -1, seconds: -1, messages: -9, roundTripSeconds: -1 }] }],
    [
      "huge",
      { links: [{ toRank: 2, bytes: 1e300, seconds: 1e300, messages: 1e300, roundTripSeconds: 1e300 }] },
    ],
    [
      "unknown",
      { links: [{ toRank: 2, bytes: null, seconds: null, messages: null, roundTripSeconds: null }] },
    ],
    ["to itself", sent(1, 1)],
    ["to a rank of the same region", sent(0, 1)],
    ["a checkpoint that the job never comes to", { committedStep: 1e12 }],
    ["a checkpoint before the first step", { committedStep: -5 }],
  ];
  test.each(hostile)("%s: acknowledged, and nothing is written", async (_, more) => {
    await run();
    const before = service.snapshot();
    for (let i = 1; i < 6; i++) {
      clock.seconds += 5;
      const answer = await ranksOf(service, "a").report(1, i, [], more);
      expect(await answer.json()).toEqual({ acknowledged: i });
    }
    expect(service.snapshot()).toEqual(before);
  });

  test("a report that comes again is counted once, and too little is no measurement", async () => {
    await run();
    const ranks = ranksOf(service, "a");
    const few = { links: [{ toRank: 2, bytes: 10, seconds: 1, messages: 1, roundTripSeconds: null }] };
    for (let i = 0; i < 9; i++) {
      clock.seconds += 5;
      await ranks.report(1, 1, [], few);
    }
    expect(await count("measured")).toBe(0);
  });
});

test("the log grows with what happens to links, not with reports", async () => {
  await run(100_000);
  for (let i = 0; i < 60; i++) await carry(reserved() * (1 + 0.02 * Math.sin(i)));
  expect(await count("measured")).toBeLessThan(12);
});

test("a launch that is preempted after a checkpoint is no failure; one that brought nothing forward is", async () => {
  await run();
  await carry(reserved(), { committedStep: 10 });
  for (const region of ["east", "west"]) executor.exit(launchKeyOf("a", 1, region), 75);
  await service.loop.cycle();
  expect(jobA()).toMatchObject({ phase: "queued", excusedEpochs: 1 });
  clock.seconds += 1;
  await service.loop.cycle();
  await meet();
  expect(jobA()).toMatchObject({ phase: "running", epochs: 2, epoch: { fromStep: 10 } });
  for (const region of ["east", "west"]) executor.exit(launchKeyOf("a", 2, region), 75);
  await service.loop.cycle();
  expect(jobA()).toMatchObject({ phase: "queued", excusedEpochs: 1 });
});

test("what ranks did until they stopped counts, though they are told that nobody wants more", async () => {
  await run();
  await train(1, 3, () => 4);
  await service.client.cancel("a");
  expect(jobA().phase).toBe("stopping");
  const ranks = ranksOf(service, "a");
  const late = await ranks.report(ranks.count - 1, 4, [{ step: 4, loss: 3.5 }], { committedStep: 4 });
  expect(late.status).toBe(410);
  expect(jobA()).toMatchObject({ progress: { step: 4, lastLoss: 3.5 }, committedStep: 4 });
  expect(await count("progress")).toBe(4);
});
