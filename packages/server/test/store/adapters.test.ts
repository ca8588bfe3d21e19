// Both databases keep the store's contract: the same SQL, the same answers.
import type { Event, Fact } from "@bace-pipe/core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Database } from "../../src/store/database.ts";
import { shownUrl } from "../../src/store/database-url.ts";
import { openLog } from "../../src/store/log.ts";
import { openPglite } from "../../src/store/pglite.ts";
import { openPostgres } from "../../src/store/postgres.ts";
import { clear } from "../support/database.ts";
import { startPostgres, type TestPostgres, whyNoPostgres } from "../support/postgres.ts";

let server: TestPostgres | undefined;

const ADAPTERS: readonly (readonly [string, string | undefined, () => Promise<Database>])[] = [
  ["PGlite", undefined, () => openPglite()],
  [
    "PostgreSQL",
    whyNoPostgres,
    async () => {
      server = await startPostgres();
      return (await openPostgres(server.url))!;
    },
  ],
];

afterAll(() => server?.remove());

const cancel = (seq: number): Event => ({
  kind: "cancel-requested",
  jobId: `job-${seq}`,
  seq,
  atSeconds: seq / 3,
});

describe.each(ADAPTERS)("%s", (_name, why, open) => {
  // Said aloud where a machine has no PostgreSQL; CI installs it, and runs both.
  if (why !== undefined) {
    test.skip(`skipped: ${why}`, () => {});
    return;
  }
  let database: Database;

  beforeAll(async () => {
    database = await open();
  }, 60_000);
  afterAll(() => database.close());
  beforeEach(() => clear(database));

  test("a batch is all or none", async () => {
    const { log } = await openLog(database);
    await log.append(Array.from({ length: 2000 }, (_, i) => cancel(i + 1)));
    const other = (await openLog(database)).log;
    await other.append([cancel(2001)]);
    await expect(log.append([cancel(2001), cancel(2002)])).rejects.toThrow(/duplicate key/);
    const [found] = await database.query<{ count: number | string; last: number | string }>(
      "select count(*) as count, max(seq) as last from events",
    );
    expect([Number(found!.count), Number(found!.last)]).toEqual([2001, 2001]);
  });

  test("what comes back is what was written: any text, figures to the last bit, fields in their order", async () => {
    const { log } = await openLog(database);
    const reason = 'nul \u0000 lone \ud800 quote " back \\ brace {} comma , 語 NULL';
    const facts: Fact[] = [
      { kind: "launch-observed", jobId: "a", epoch: 1, region: "NULL", status: { kind: "rejected", reason } },
      { kind: "progress", jobId: "", epoch: 1, step: 1, loss: 0.1 + 0.2, stepSeconds: 5e-324 },
      { kind: "forgotten", jobIds: ["b", "a"] },
    ];
    await log.append(facts.map((fact, i) => ({ ...fact, seq: i + 1, atSeconds: i + 0.1 })));
    const rows = await database.query<{ body: Fact; at_seconds: number; job_id: string | null }>(
      "select body, at_seconds, job_id from events order by seq",
    );
    expect(JSON.stringify(rows.map(({ body }) => body))).toBe(JSON.stringify(facts));
    expect(rows.map(({ at_seconds }) => at_seconds)).toEqual([0.1, 1.1, 2.1]);
    expect(rows.map(({ job_id }) => job_id)).toEqual(["a", "", null]);
  });

  test("a transaction whose work throws leaves nothing, and nobody sees the middle of one", async () => {
    await database.query("create table notes (text text)");
    let seen: Promise<readonly object[]> | undefined;
    const failing = database.transaction(async (query) => {
      await query("insert into notes values ('half')");
      seen = database.query("select * from notes");
      throw new Error("changed my mind");
    });
    await expect(failing).rejects.toThrow("changed my mind");
    expect(await seen).toEqual([]);
  });

  test("a transaction in which a statement has failed commits nothing, even if its work hides that", async () => {
    await database.query("create table notes (text text)");
    const hiding = database.transaction(async (query) => {
      await query("insert into notes values ('before')");
      await query("select 1 / 0").catch(() => {});
    });
    await hiding.catch(() => {});
    expect(await database.query("select * from notes")).toEqual([]);
  });

  test("an old database is brought to the current schema, with what is in it", async () => {
    await database.query("create table migrations (number integer primary key)");
    const { log: first } = await import("../../src/store/migrations/0001-log.ts");
    for (const statement of first) await database.query(statement);
    await database.query("insert into migrations (number) values (1)");
    const { seq, atSeconds, ...body } = cancel(1);
    await database.query(
      "insert into events (seq, at_seconds, kind, job_id, body) values (1, $1, $2, 'job-1', $3)",
      [atSeconds, body.kind, JSON.stringify(body)],
    );
    expect((await openLog(database)).state.seq).toBe(seq);
    expect(await database.query("select id from identity")).toHaveLength(1);
    expect((await openLog(database)).state.seq).toBe(seq);
  });
});

describe.skipIf(whyNoPostgres)("PostgreSQL alone", () => {
  test("one session at a time has the lock, and it is free when that session has ended", async () => {
    const other = await startPostgres();
    try {
      const first = (await openPostgres(other.url))!;
      expect(await openPostgres(other.url)).toBeUndefined();
      await first.close();
      const second = (await openPostgres(other.url))!;
      await other.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'bace-pipe'",
      );
      await expect(second.lost).rejects.toThrow(/terminat/);
      await expect(second.query("select 1")).rejects.toThrow();
      const third = (await openPostgres(other.url))!;
      await third.close();
    } finally {
      await other.remove();
    }
  }, 60_000);

  test("a server that goes silent is one that is lost, though the connection stands", async () => {
    const other = await startPostgres();
    try {
      const session = (await openPostgres(other.url, { answerSeconds: 0.3, heartbeatSeconds: 0.1 }))!;
      const [row] = await session.query<{ pid: number }>("select pg_backend_pid() as pid");
      process.kill(row!.pid, "SIGSTOP");
      await expect(session.lost).rejects.toThrow("the database has not answered for 0.3 s");
      await expect(session.query("select 1")).rejects.toThrow();
      process.kill(row!.pid, "SIGCONT");
      await session.close();
    } finally {
      await other.remove();
    }
  }, 60_000);

  test("what keeps it from being reached is said without the password", async () => {
    const url = "postgres://bace:s3cret@127.0.0.1:1/bace?password=s3cret";
    const error = await openPostgres(url).then(
      () => undefined,
      (thrown: unknown) => thrown as Error,
    );
    expect(error).toMatchObject({ code: "database-unreachable" });
    expect(`${error!.message} ${error!.stack} ${JSON.stringify(error)}`).not.toContain("s3cret");
    expect(error!.message).toContain("postgres://bace@127.0.0.1:1/bace");
  });
});

test("addresses are shown without their password; one that cannot be read is not shown at all", () => {
  expect(shownUrl("postgresql://a:s3cret@h/db?password=s3cret&sslmode=require")).toBe(
    "postgresql://a@h/db?sslmode=require",
  );
  for (const url of ["postgres://a:s3cret@h:port/db", "mysql://a:s3cret@h/db"]) {
    const shown = () => shownUrl(url);
    expect(shown).toThrow(/write postgres:/);
    expect(shown).not.toThrow(/s3cret/);
  }
});
