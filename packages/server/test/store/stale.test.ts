// An instance that has lost the lock, and does not know it yet, ends nothing: launches that it never heard of may be those
// of its successor.
import { pino } from "pino";
import { expect, test } from "vitest";
import { createLoop } from "../../src/loop.ts";
import { openPglite } from "../../src/store/pglite.ts";
import { createFakeExecutor } from "../support/fake-executor.ts";
import { smallWorld } from "../support/small-world.ts";

test("what nobody knows is ended by the active instance alone", async () => {
  const database = await openPglite();
  const { writer } = await smallWorld(database, { seconds: 1000 });
  const executor = createFakeExecutor();
  executor.launches.set("stranger.1.east", { kind: "running" });
  let isActive = false;
  const loop = createLoop({
    writer,
    executors: [executor],
    watch: () => [],
    planOptions: { controlUrl: "http://127.0.0.1:1", rendezvousDeadlineSeconds: 60, timeModel: "1f1b" },
    logger: pino({ level: "silent" }),
    confirm: async () => {
      if (!isActive) throw new Error("the database has ended the session");
    },
  });
  await expect(loop.cycle()).rejects.toThrow("ended the session");
  expect(executor.cancelled).toEqual([]);
  isActive = true;
  await loop.cycle();
  expect(executor.cancelled).toEqual(["stranger.1.east"]);
  await database.close();
}, 60_000);
