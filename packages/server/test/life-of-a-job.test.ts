// From submission to the end, and every way there that is not straight.
import { launchKeyOf } from "@bace-pipe/core";
import { beforeEach, describe, expect, test } from "vitest";
import { emptyDatabase } from "./support/database.ts";
import { createFakeExecutor, type FakeExecutor } from "./support/fake-executor.ts";
import {
  type Clock,
  DEADLINE_SECONDS,
  jobText,
  openService,
  ranksOf,
  type TestService,
} from "./support/service.ts";

const database = emptyDatabase();
let executor: FakeExecutor;
let clock: Clock;
let service: TestService;

beforeEach(async () => {
  executor = createFakeExecutor();
  clock = { seconds: 1000 };
  service = await openService(database, executor, clock);
});

const EAST = launchKeyOf("a", 1, "east");
const WEST = launchKeyOf("a", 1, "west");
const phase = () => service.writer.state().jobs.get("a")!.phase;
const status = async (answer: Promise<Response>) => {
  const response = await answer;
  return [response.status, ((await response.json()) as { code?: string }).code];
};

/** Submits job "a" and gets it running. */
async function run(iterations = 5): Promise<ReturnType<typeof ranksOf>> {
  await service.submit(jobText("a", { iterations }));
  await service.loop.cycle();
  await service.loop.cycle();
  const ranks = ranksOf(service, "a");
  await ranks.meet();
  return ranks;
}

/** As after a crash: nothing of the old service is left but what the database holds. */
async function restart(): Promise<void> {
  const before = service.snapshot();
  service = await openService(database, executor, clock);
  expect(service.snapshot()).toEqual(before);
}

describe("the straight way", () => {
  test("submitted, placed, launched once per region, together, trained, finished and paid for", async () => {
    expect(await service.submit(jobText("a"))).toEqual({ jobIds: ["a"], existing: [] });
    expect(phase()).toBe("starting");

    await service.loop.cycle();
    expect([...executor.starts]).toEqual([
      [EAST, 1],
      [WEST, 1],
    ]);
    const { plan, region } = executor.artifacts.get(WEST)!;
    expect(region).toBe("west");
    expect(plan.ranks.map((rank) => rank.region)).toEqual(["east", "east", "west", "west"]);
    expect(plan.training.data.paths).toEqual(["/data/texts"]);

    clock.seconds = 1010;
    const ranks = ranksOf(service, "a");
    expect(ranks.count).toBe(4);
    for (const rank of [0, 1, 2])
      expect(await (await ranks.checkIn(rank, null, rank === 1 ? 5000 : undefined)).json()).toEqual({
        state: "waiting",
      });
    expect(await (await ranks.checkIn(3)).json()).toEqual({
      state: "ready",
      addresses: [0, 1, 2, 3].map((rank) => ({
        rank,
        host: "127.0.0.1",
        port: 40000 + rank,
        storePort: rank === 1 ? 5000 : null,
      })),
    });
    expect(phase()).toBe("running");

    const losses = [5.5, 5, 4, 3, 2].map((loss, i) => ({ step: i + 1, loss }));
    expect(await (await ranks.report(3, 1, losses)).json()).toEqual({ acknowledged: 1 });
    clock.seconds = 4600;
    for (const key of [EAST, WEST]) executor.exit(key, 0);
    await service.loop.cycle();

    expect(await service.client.job("a")).toMatchObject({
      phase: "ended",
      outcome: "finished",
      submittedSeconds: 1000,
      startedSeconds: 1010,
      endedSeconds: 4600,
      waitSeconds: 10,
      jctSeconds: 3600,
      step: 5,
      firstLoss: 5.5,
      lastLoss: 2,
      measuredStepSeconds: 0.5,
      gpuSeconds: 4 * 3600,
      placement: {
        regions: [
          { region: "east", gpus: 2 },
          { region: "west", gpus: 2 },
        ],
      },
    });
    // Two GPUs of 300 W for one hour in each region, at 0.10 and 0.20 USD/kWh.
    expect((await service.client.job("a")).electricityUsd).toBeCloseTo(0.6 * 0.1 + 0.6 * 0.2, 9);
  });

  test("while it runs, it shows what it has used so far", async () => {
    await run();
    clock.seconds += 3600;
    const { electricityUsd, energyKwh, gpuSeconds } = await service.client.job("a");
    expect(energyKwh).toBeCloseTo(0.6 + 0.6, 9);
    expect(electricityUsd).toBeCloseTo(0.6 * 0.1 + 0.6 * 0.2, 9);
    expect(gpuSeconds).toBe(4 * 3600);
  });

  test("only the last stage's rank knows the loss: what others report is acknowledged, and no more", async () => {
    const ranks = await run();
    const { seq } = service.writer.state();
    expect(await (await ranks.report(2, 1, [{ step: 1, loss: null }])).json()).toEqual({ acknowledged: 1 });
    expect(service.writer.state().seq).toBe(seq);
  });

  test("steps that the job does not have are left out", async () => {
    const ranks = await run();
    await ranks.report(3, 1, [{ step: 2 ** 53 - 1, loss: 1 }]);
    await ranks.report(3, 2, [{ step: 1, loss: 5 }]);
    expect(service.writer.state().jobs.get("a")!.progress).toMatchObject({ step: 1 });
  });

  test("nothing is written while nothing changes", async () => {
    await run();
    await service.loop.cycle();
    const { seq } = service.writer.state();
    for (let i = 0; i < 3; i++) {
      clock.seconds += 1;
      await service.loop.cycle();
    }
    expect(service.writer.state().seq).toBe(seq);
  });

  test("a second job waits for the first one's GPUs, is told why, and gets them", async () => {
    await run();
    await service.submit(jobText("b"));
    expect(await service.client.explain("b")).toMatchObject({
      jobId: "b",
      kind: "wait",
      why: { neededGpus: 4 },
    });
    for (const key of [EAST, WEST]) executor.exit(key, 0);
    await service.loop.cycle();
    expect(executor.starts.get(launchKeyOf("b", 1, "east"))).toBe(1);
    expect(await service.client.explain("b")).toMatchObject({ kind: "placed", why: { policy: "bace" } });
  });
});

describe("a service that is restarted", () => {
  test("goes on from every stage with the same state, and starts nothing twice", async () => {
    await service.submit(jobText("a"));
    await restart(); // placed, nothing launched yet
    await service.loop.cycle();
    await restart(); // launched, not seen running yet
    await service.loop.cycle();
    await restart(); // running, nobody has checked in
    const ranks = ranksOf(service, "a");
    await ranks.checkIn(0);
    await restart(); // one rank has checked in: it will ask again
    expect(await (await ranksOf(service, "a").checkIn(1)).json()).toEqual({ state: "waiting" });
    expect(await ranksOf(service, "a").meet()).toMatchObject({ state: "ready" });
    await restart(); // together; a rank that did not get the answer asks again
    expect(await (await ranksOf(service, "a").checkIn(1)).json()).toMatchObject({ state: "ready" });
    await ranksOf(service, "a").report(3, 1, [{ step: 1, loss: 5 }]);
    await restart(); // training; a report whose acknowledgement was lost comes again
    const { seq } = service.writer.state();
    expect(await (await ranksOf(service, "a").report(3, 1, [{ step: 1, loss: 5 }])).json()).toEqual({
      acknowledged: 1,
    });
    expect(service.writer.state().seq).toBe(seq);
    executor.exit(EAST, 0);
    await service.loop.cycle();
    await restart(); // one region has finished
    executor.exit(WEST, 0);
    await service.loop.cycle();
    await restart(); // ended
    expect(phase()).toBe("ended");
    expect([...executor.starts.values()]).toEqual([1, 1]);
  });

  test("goes on from a snapshot as from the whole log", async () => {
    const ranks = await run(1500);
    const steps = Array.from({ length: 1200 }, (_, i) => ({ step: i + 1, loss: 5 - i / 1000 }));
    await ranks.report(3, 1, steps);
    await ranks.report(3, 2, [{ step: 1201, loss: 1 }]);
    const [{ seq }] = (await database.query<{ seq: number }>("select seq from snapshots")) as [
      { seq: number },
    ];
    expect(seq).toBeGreaterThan(1200);
    expect(seq).toBeLessThan(service.writer.state().seq);
    await restart();
    await service.writer.close();
    await restart();
  });

  test("gives ranks the whole deadline to come back", async () => {
    await service.submit(jobText("a"));
    await service.loop.cycle();
    clock.seconds += DEADLINE_SECONDS + 60; // down for that long
    await restart();
    clock.seconds += DEADLINE_SECONDS - 1;
    await service.loop.cycle();
    expect(phase()).toBe("starting");
    clock.seconds += 1;
    await service.loop.cycle();
    expect(phase()).not.toBe("starting");
  });
});

test("a policy that throws starts nobody, and costs neither the service nor the queue", async () => {
  const broken = {
    name: "broken",
    description: "throws",
    decide: () => {
      throw new Error("no idea");
    },
    explain: () => [],
  };
  service = await openService(database, executor, clock, broken);
  await service.submit(jobText("a"));
  await service.loop.cycle();
  expect(phase()).toBe("queued");
  expect(service.writer.healthy()).toBe(true);
  service = await openService(database, executor, clock); // with a policy that works
  expect(phase()).toBe("starting");
});

test("a service that has stopped takes nothing more, and says so", async () => {
  await service.writer.close();
  expect(await status(service.get("/healthz"))).toEqual([503, "stopping"]);
  const body = { file: "job.yaml", text: jobText("a"), directory: "/" };
  expect(await status(service.post("/v1/jobs", body))).toEqual([503, "stopping"]);
});

describe("launches that end badly", () => {
  test("exit code 1 is the user's: the job fails, the other region's launch is ended", async () => {
    await run();
    executor.exit(WEST, 1);
    await service.loop.cycle();
    expect(phase()).toBe("stopping");
    expect(executor.cancelled).toEqual([EAST]);
    await service.loop.cycle();
    expect(await service.client.job("a")).toMatchObject({
      phase: "ended",
      outcome: "failed",
      reason: "west: exit code 1",
    });
  });

  test("of two that ended at once, the one that pulled the other down is the reason", async () => {
    await run();
    executor.exit(EAST, 69);
    executor.exit(WEST, 1);
    await service.loop.cycle();
    expect(await service.client.job("a")).toMatchObject({ outcome: "failed", reason: "west: exit code 1" });
  });

  test("exit code 69 is the network's: the job goes back, waits out its back-off and gets a higher epoch", async () => {
    await run();
    executor.exit(WEST, 69);
    await service.loop.cycle();
    await service.loop.cycle();
    expect(phase()).toBe("queued");
    clock.seconds += 1;
    await service.loop.cycle();
    expect(phase()).toBe("queued");
    clock.seconds += 1;
    await service.loop.cycle();
    expect(phase()).toBe("starting");
    expect(executor.starts.get(launchKeyOf("a", 2, "east"))).toBe(1);
    expect((await service.client.job("a")).epoch).toBe(2);
  });

  test("a launch that its executor does not know any more is lost, and the job goes back", async () => {
    await run();
    await service.loop.cycle();
    executor.launches.delete(WEST);
    await service.loop.cycle(); // recorded as lost
    await service.loop.cycle(); // the other region's launch is cancelled
    await service.loop.cycle();
    expect(phase()).toBe("queued");
    expect(service.writer.state().jobs.get("a")!.reason).toBe("west: launch lost");
  });

  test("ranks that do not check in before the deadline: all are cancelled, the job goes back", async () => {
    await service.submit(jobText("a"));
    await service.loop.cycle();
    await ranksOf(service, "a").checkIn(2);
    clock.seconds += DEADLINE_SECONDS;
    await service.loop.cycle();
    expect(executor.cancelled.sort()).toEqual([EAST, WEST]);
    const answer = ranksOf(service, "a").checkIn(0);
    expect(await status(answer)).toEqual([410, "gang-cancelled"]);
    await service.loop.cycle();
    expect(await service.client.job("a")).toMatchObject({
      phase: "queued",
      reason: "ranks 0, 1, 3 did not check in before the deadline",
    });
  });
});

describe("an executor that is hard to understand", () => {
  test("unknown, though it was started: find says so, and it is not started again", async () => {
    await service.submit(jobText("a", { gpus: 2 }));
    executor.answers.push({ kind: "unknown", reason: "timed out" });
    executor.findings.push({ kind: "unknown" });
    await service.loop.cycle();
    executor.launches.set(EAST, { kind: "running" }); // it had arrived after all
    await service.loop.cycle();
    await service.loop.cycle();
    expect(executor.starts.size).toBe(0);
    expect(service.writer.state().jobs.get("a")!.epoch!.launches).toEqual({ east: { kind: "running" } });
  });

  test("unknown, and it was not started: nothing happens with the key until find says so", async () => {
    await service.submit(jobText("a", { gpus: 2 }));
    executor.answers.push({ kind: "unknown", reason: "timed out" });
    executor.findings.push({ kind: "unknown" }, { kind: "unknown" });
    await service.loop.cycle(); // submit, find
    await service.client.cancel("a");
    await service.loop.cycle(); // find
    expect(phase()).toBe("stopping");
    await service.loop.cycle(); // find: absent
    expect(phase()).toBe("stopping");
    await service.loop.cycle();
    expect(phase()).toBe("ended");
    expect(executor.starts.size).toBe(0);
  });

  test("rejected: the job fails with the reason", async () => {
    await service.submit(jobText("a", { gpus: 2 }));
    executor.answers.push({ kind: "rejected", reason: "no such queue" });
    await service.loop.cycle();
    expect(await service.client.job("a")).toMatchObject({
      outcome: "failed",
      reason: "east: refused: no such queue",
    });
  });

  test("a list that fails concludes nothing", async () => {
    await run();
    await service.loop.cycle();
    executor.failLists = true;
    const before = service.snapshot();
    await service.loop.cycle();
    expect(service.snapshot()).toEqual(before);
  });
});

describe("cancelling", () => {
  test("a running job: its launches are ended, then its GPUs are free; once is enough", async () => {
    await run();
    expect(await service.client.cancel("a")).toMatchObject({ phase: "stopping" });
    const { seq } = service.writer.state();
    expect(await service.client.cancel("a")).toMatchObject({ phase: "stopping" });
    expect(service.writer.state().seq).toBe(seq);
    expect((await service.client.regions()).regions[0]).toMatchObject({ name: "east", freeGpus: 0 });
    await service.loop.cycle();
    await service.loop.cycle();
    expect(await service.client.cancel("a")).toMatchObject({ phase: "ended", outcome: "cancelled" });
    expect((await service.client.regions()).regions[0]).toMatchObject({ name: "east", freeGpus: 2 });
  });

  test("before anything was launched: nothing ever is", async () => {
    await service.submit(jobText("a"));
    await service.client.cancel("a");
    await service.loop.cycle();
    expect(phase()).toBe("ended");
    expect(executor.starts.size).toBe(0);
  });
});

describe("ranks that have no business here", () => {
  test("are refused with a code that ends them", async () => {
    const ranks = await run();
    const { launchKey } = service.writer.state().jobs.get("a")!.epoch!;
    const checkIn = (job: string, epoch: number, body: object) =>
      status(
        service.post(`/v1/launches/${job}/${epoch}/rendezvous`, {
          launchKey,
          rank: 0,
          host: "127.0.0.1",
          port: 4000,
          dataHash: null,
          ...body,
        }),
      );
    expect(await checkIn("nobody", 1, {})).toEqual([403, "wrong-launch-key"]);
    expect(await checkIn("a", 2, {})).toEqual([409, "stale-epoch"]);
    expect(await checkIn("a", 1, { launchKey: "guessed" })).toEqual([403, "wrong-launch-key"]);
    expect(await checkIn("a", 1, { rank: 4 })).toEqual([404, "unknown-rank"]);
    expect(await status(ranks.report(4, 1, []))).toEqual([404, "unknown-rank"]);
    expect(await checkIn("a", 1, { port: 0 })).toEqual([400, "invalid-request"]);
    expect(await checkIn("a", 1, { storePort: 0 })).toEqual([400, "invalid-request"]);
  });

  test("of an epoch that is over cannot report", async () => {
    const old = await run();
    executor.exit(WEST, 69);
    await service.loop.cycle();
    await service.loop.cycle();
    expect(await status(old.report(3, 1, [{ step: 1, loss: 5 }]))).toEqual([410, "gang-cancelled"]);
    clock.seconds += 2;
    await service.loop.cycle();
    expect(await status(old.report(3, 1, [{ step: 1, loss: 5 }]))).toEqual([403, "wrong-launch-key"]);
    expect(service.writer.state().jobs.get("a")!.progress).toBeUndefined();
  });

  test("and so is a report that comes in while the epoch is being given up", async () => {
    const ranks = await run();
    const cancelled = service.client.cancel("a");
    expect(await status(ranks.report(3, 1, [{ step: 1, loss: 5 }]))).toEqual([410, "gang-cancelled"]);
    expect((await cancelled).step).toBe(0);
  });

  test("with other training data than the rest are refused", async () => {
    await service.submit(jobText("a"));
    await service.loop.cycle();
    const ranks = ranksOf(service, "a");
    await ranks.checkIn(0, "hash-1");
    expect((await ranks.checkIn(1, null)).status).toBe(200);
    expect(await status(ranks.checkIn(3, "hash-2"))).toEqual([409, "data-mismatch"]);
    expect((await ranks.checkIn(3, "hash-1")).status).toBe(200);
  });
});
