// Retention: what is over and old goes, a little at a time; what remains works as before, and every replay agrees.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { beforeEach, expect, test } from "vitest";
import type { Executor } from "../../src/executors/executor.ts";
import { MOST_PER_ROUND } from "../../src/executors/pruning.ts";
import { createRetention } from "../../src/retention.ts";
import { archiveOf } from "../../src/store/archive.ts";
import { readBackup, writeBackup } from "../../src/store/backup.ts";
import { openLog } from "../../src/store/log.ts";
import { namedState, replay } from "../../src/store/replay.ts";
import { clear, emptyDatabase } from "../support/database.ts";
import { createFakeExecutor } from "../support/fake-executor.ts";
import { type SmallWorld, smallWorld } from "../support/small-world.ts";

const KEEP_SECONDS = 100;
const OLD = Array.from({ length: 20 }, (_, i) => `old-${i}`);

const database = emptyDatabase();
let world: SmallWorld;
const clock = { seconds: 0 };

beforeEach(async () => {
  clock.seconds = 1000;
  world = await smallWorld(database, clock);
});

const sweep = () => {
  const { archive, writer } = world;
  return createRetention({
    archive,
    writer,
    keepSeconds: KEEP_SECONDS,
    logger: pino({ level: "silent" }),
  }).sweep();
};
/** Two snapshots, so that the older one is of now. */
const twoSnapshots = async () => {
  await world.log.saveSnapshot(world.writer.state());
  await world.submit(`filler-${world.writer.state().seq}`);
  await world.log.saveSnapshot(world.writer.state());
};
const seqsLeft = async () =>
  (await database.query<{ seq: number }>("select seq from events order by seq")).map(({ seq }) =>
    Number(seq),
  );
const replayed = async () => namedState((await openLog(database)).state).sha256;

test("jobs that ended long ago are forgotten, and their events deleted; a job that still runs keeps all of its own", async () => {
  await world.submit("long");
  await world.pass(OLD);
  clock.seconds += KEEP_SECONDS;
  await world.pass(["young"]);
  await twoSnapshots();
  const before = await seqsLeft();
  expect(await sweep()).toBeGreaterThan(OLD.length);
  const { jobs } = world.writer.state();
  expect([...jobs.keys()].slice(0, 2)).toEqual(["long", "young"]);
  const left = await seqsLeft();
  expect(left.length).toBeLessThan(before.length);
  expect(await replayed()).toBe(namedState(world.writer.state()).sha256);

  const decisions = await world.log.decisions(0, 100);
  expect(decisions.map(({ jobId }) => jobId).slice(0, 2)).toEqual(["long", "young"]);
  expect(await world.log.fleets()).toHaveLength(1);
  await world.finish("long");
  expect(world.writer.state().jobs.get("long")).toMatchObject({
    phase: "ended",
    outcome: { kind: "finished" },
  });
});

test("executors throw away what is left of jobs that are forgotten, as long as they find many; one that fails stops nobody", async () => {
  await world.pass(["old"]);
  clock.seconds += 2 * KEEP_SECONDS;
  await world.submit("long");
  const pruned: { readonly kept: readonly boolean[]; readonly olderThanSeconds: number }[] = [];
  const others = createFakeExecutor();
  const executor = (prune: Executor["prune"]): Executor => ({ ...others, ...(prune ? { prune } : {}) });
  const { archive, writer } = world;
  await createRetention({
    ...{ archive, writer, keepSeconds: KEEP_SECONDS, logger: pino({ level: "silent" }) },
    executors: [
      others,
      executor(async () => Promise.reject(new Error("no answer"))),
      executor(async ({ isKept, olderThanSeconds }) => {
        pruned.push({ kept: ["old.1.east", "long.1.east"].map(isKept), olderThanSeconds });
        return pruned.length === 1 ? MOST_PER_ROUND : 7;
      }),
    ],
  }).sweep();
  const round = { kept: [false, true], olderThanSeconds: KEEP_SECONDS };
  expect(pruned).toEqual([round, round]);
});

test("nothing younger than the older snapshot is deleted, so there is always one to replay from", async () => {
  await world.pass(OLD);
  clock.seconds += 10 * KEEP_SECONDS;
  const before = await seqsLeft();
  expect(await sweep()).toBe(0);
  expect(world.writer.state().jobs.size).toBe(0);
  expect(await seqsLeft()).toEqual([...before, before.length + 1]);
  await world.log.saveSnapshot(world.writer.state());
  clock.seconds += 10 * KEEP_SECONDS;
  expect(await sweep()).toBeGreaterThan(OLD.length);
  expect(await replayed()).toBe(namedState(world.writer.state()).sha256);
});

test("a name that was forgotten may come back; its epochs count on, so no old launch is taken for one of its own", async () => {
  await world.pass(["a"]);
  clock.seconds += 2 * KEEP_SECONDS;
  await sweep();
  await world.submit("a");
  expect(world.writer.state().jobs.get("a")).toMatchObject({
    phase: "starting",
    epochs: 2,
    epoch: { number: 2 },
  });
  expect(await replayed()).toBe(namedState(world.writer.state()).sha256);
});

test("a thinned log can be backed up, restored and replayed: it begins with a snapshot", async () => {
  const folder = mkdtempSync(join(tmpdir(), "bace-thinned-"));
  try {
    await world.pass(OLD);
    clock.seconds += 2 * KEEP_SECONDS;
    await twoSnapshots();
    await sweep();
    await world.pass(["young"]);
    const name = namedState(world.writer.state()).sha256;
    const file = join(folder, "log.jsonl");
    await writeBackup(file, { version: "0.1.0", createdAtSeconds: 0 }, world.archive.page);
    const backup = await readBackup(file);
    expect(backup.base).toBeDefined();
    expect(namedState(await replay(backup)).sha256).toBe(name);
    await clear(database);
    await openLog(database);
    await archiveOf(database).fill(backup.base, backup.pages());
    expect(await replayed()).toBe(name);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
