// The log is the truth: one writer, no gaps, and what comes back is what was written.
import type { Event, Fact } from "@bace-pipe/core";
import { reduce } from "@bace-pipe/core";
import { pino } from "pino";
import { expect, test } from "vitest";
import { type Log, openLog } from "../src/store/log.ts";
import { createWriter } from "../src/writer.ts";
import { emptyDatabase } from "./support/database.ts";

const database = emptyDatabase();

const CANCEL = { kind: "cancel-requested", jobId: "a" } as const;
const event = (seq: number, fact: Fact = CANCEL): Event => ({ ...fact, seq, atSeconds: seq + 0.1 });
const seqs = async (table: string) =>
  (await database.query<{ seq: number }>(`select seq from ${table} order by seq`)).map(({ seq }) =>
    Number(seq),
  );

test("an event that does not follow the last one is refused", async () => {
  const { log } = await openLog(database);
  await log.append([event(1), event(2)]);
  await expect(log.append([event(2)])).rejects.toThrow("event 2 does not follow 2");
  await expect(log.append([event(3), event(5)])).rejects.toThrow("event 5 does not follow 3");
  expect(await seqs("events")).toEqual([1, 2]);
});

test("of two writers, the second to write a number is refused, and nothing of its batch is stored", async () => {
  const first = (await openLog(database)).log;
  const second = (await openLog(database)).log;
  await second.append([event(1)]);
  await expect(first.append([event(1), event(2)])).rejects.toThrow(/duplicate key/);
  expect(await seqs("events")).toEqual([1]);
});

test("a writer whose log has another writer fails, says so, and takes nothing more", async () => {
  const { log, state } = await openLog(database);
  const writer = writerOf(log, state);
  await (await openLog(database)).log.append([event(1)]);
  await expect(writer.commit(() => [CANCEL])).rejects.toThrow(/written or not/);
  await expect(writer.failed).rejects.toThrow(/duplicate key/);
  await expect(writer.commit(() => [])).rejects.toThrow(/written or not/);
  expect(writer.healthy()).toBe(false);
  expect(writer.state().seq).toBe(0);
});

test("time in the log never runs backwards, though the clock does", async () => {
  const { log, state } = await openLog(database);
  const times = [1000, 990, 1001];
  const writer = writerOf(log, state, () => times[0]!);
  for (; times.length > 0; times.shift()) await writer.commit(() => [CANCEL]);
  const rows = await database.query<{ at_seconds: number }>("select at_seconds from events order by seq");
  expect(rows.map(({ at_seconds }) => at_seconds)).toEqual([1000, 1000, 1001]);
});

test("what comes back is what was written: text with anything in it, figures to the last bit", async () => {
  const { log } = await openLog(database);
  const job = { jobId: "a", epoch: 1 };
  const reason = 'nul \u0000 lone \ud800 quote " 語';
  const facts: Fact[] = [
    { kind: "launch-observed", ...job, region: "east", status: { kind: "rejected", reason } },
    { kind: "progress", ...job, step: 1, loss: 0.1 + 0.2, stepSeconds: 5e-324 },
  ];
  await log.append(facts.map((fact, i) => event(i + 1, fact)));
  const rows = await database.query<{ body: Fact; at_seconds: number }>(
    "select body, at_seconds from events order by seq",
  );
  expect(rows).toEqual(facts.map((body, i) => ({ body, at_seconds: i + 1.1 })));
});

test("only the last two snapshots are kept, and every event", async () => {
  const { log, state } = await openLog(database);
  let current = state;
  for (let seq = 1; seq <= 3; seq++) {
    await log.append([event(seq)]);
    current = reduce(current, event(seq));
    await log.saveSnapshot(current);
  }
  expect(await seqs("snapshots")).toEqual([2, 3]);
  expect(await seqs("events")).toEqual([1, 2, 3]);
});

test("a database of a newer version is refused", async () => {
  await openLog(database);
  await database.query("insert into migrations (number) values (99)");
  await expect(openLog(database)).rejects.toThrow("the database has schema 99");
});

function writerOf(log: Log, state: Parameters<typeof reduce>[0], nowSeconds = () => 1000) {
  const policy = { name: "none", description: "", decide: () => ({ decisions: [] }), explain: () => [] };
  const deciding = { policy, timeModel: "1f1b" as const, newLaunchKey: () => "" };
  return createWriter({ log, state, deciding, nowSeconds, logger: pino({ level: "silent" }) });
}
