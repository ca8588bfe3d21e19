// Backup and restore: the same state, or a refusal that says what is wrong and where.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Event, State } from "@bace-pipe/core";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { archiveOf } from "../../src/store/archive.ts";
import { type BackupError, readBackup, writeBackup } from "../../src/store/backup.ts";
import type { Database } from "../../src/store/database.ts";
import { openLog } from "../../src/store/log.ts";
import { openPglite } from "../../src/store/pglite.ts";
import { openPostgres } from "../../src/store/postgres.ts";
import { namedState, replay } from "../../src/store/replay.ts";
import { clear } from "../support/database.ts";
import { startPostgres, whyNoPostgres } from "../support/postgres.ts";
import { smallWorld } from "../support/small-world.ts";

const ABOUT = { version: "0.1.0", createdAtSeconds: 1_800_000_000 };

let database: Database;
let folder: string;
let file: string;

beforeAll(async () => {
  database = await openPglite();
  folder = mkdtempSync(join(tmpdir(), "bace-backup-"));
  file = join(folder, "log.jsonl");
}, 60_000);
afterAll(async () => {
  await database.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => clear(database));

const hashOf = (state: State) => namedState(state).sha256;

/** Writes the file and returns the state's name at that time. */
async function backUpSmallWorld(): Promise<string> {
  const { archive, pass, submit, writer } = await smallWorld(database, { seconds: 1000 });
  await pass(["a", "b"]);
  await submit("c");
  const { seq } = await writeBackup(file, ABOUT, archive.page);
  expect(seq).toBe(writer.state().seq);
  return hashOf(writer.state());
}

async function codeAndText(path: string): Promise<string> {
  const error = await readBackup(path).then(
    () => undefined,
    (thrown: unknown) => thrown as BackupError,
  );
  return error ? `${error.code}: ${error.message}` : "sound";
}

test("a backup restored into another database leads to the same state, and the service goes on from there", async () => {
  const before = await backUpSmallWorld();
  const backup = await readBackup(file);
  expect(hashOf(await replay(backup))).toBe(before);

  await clear(database);
  const archive = archiveOf(database);
  await openLog(database);
  expect(await archive.isEmpty()).toBe(true);
  await archive.fill(backup.base, backup.pages());
  expect(hashOf((await openLog(database)).state)).toBe(before);
  expect(await archive.isEmpty()).toBe(false);

  const again = join(folder, "again.jsonl");
  await writeBackup(again, ABOUT, archive.page);
  expect(readFileSync(again, "utf8")).toBe(readFileSync(file, "utf8"));
  await (await smallWorld(database, { seconds: 2000 })).finish("c");
});

test.skipIf(whyNoPostgres)(
  "from the embedded database to a PostgreSQL server",
  async () => {
    const before = await backUpSmallWorld();
    const server = await startPostgres();
    try {
      const session = (await openPostgres(server.url))!;
      await openLog(session);
      const backup = await readBackup(file);
      await archiveOf(session).fill(backup.base, backup.pages());
      expect(hashOf((await openLog(session)).state)).toBe(before);
      await session.close();
    } finally {
      await server.remove();
    }
  },
  60_000,
);

test("the file is its owner's alone, replaces an older one whole, and leaves nothing beside it", async () => {
  await backUpSmallWorld();
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const old = readFileSync(file, "utf8");
  let pages = 0;
  const failing = writeBackup(file, ABOUT, async (after) => {
    if (pages++ > 0) throw new Error("the service went away");
    const page = await archiveOf(database).page(after);
    return { ...page, events: page.events.slice(0, 1) };
  });
  await expect(failing).rejects.toThrow("the service went away");
  expect(readFileSync(file, "utf8")).toBe(old);
  expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
});

test("what comes while a backup is written is left out of it", async () => {
  const { archive, submit, writer } = await smallWorld(database, { seconds: 1000 });
  await submit("a");
  const { seq } = writer.state();
  let pages = 0;
  const written = await writeBackup(file, ABOUT, async (after) => {
    const page = await archive.page(after);
    if (pages++ === 0) await submit("b");
    return { ...page, events: page.events.slice(0, 1) };
  });
  expect(written).toMatchObject({ seq, eventCount: seq });
  expect((await replay(await readBackup(file))).jobs.has("b")).toBe(false);
});

test("a file that was cut off anywhere is refused", async () => {
  await backUpSmallWorld();
  const whole = readFileSync(file);
  const cut = join(folder, "cut.jsonl");
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: whole.length - 2 }), async (length) => {
      writeFileSync(cut, whole.subarray(0, length));
      expect(await codeAndText(cut)).toMatch(/^(torn-backup|not-a-backup): /);
    }),
    { numRuns: 60 },
  );
});

test("a file in which any character was changed is refused", async () => {
  await backUpSmallWorld();
  const whole = readFileSync(file, "utf8");
  const changed = join(folder, "changed.jsonl");
  const body = whole.lastIndexOf('{"events"');
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: body - 1 }),
      fc.constantFrom(..."x0 {\n"),
      async (at, character) => {
        if (whole[at] === character) return;
        writeFileSync(changed, whole.slice(0, at) + character + whole.slice(at + 1));
        expect(await codeAndText(changed)).not.toBe("sound");
      },
    ),
    { numRuns: 60 },
  );
});

test("what is wrong is said, and where", async () => {
  await backUpSmallWorld();
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  const wrong = async (...changed: readonly string[]) => {
    const path = join(folder, "wrong.jsonl");
    writeFileSync(path, changed.map((line) => `${line}\n`).join(""));
    return codeAndText(path);
  };
  expect(await wrong(...lines)).toBe("sound");
  expect(await wrong()).toBe("not-a-backup: the file is empty");
  expect(await wrong("version: 1")).toMatch(/^not-a-backup: line 1: /);
  expect(await wrong(lines[0]!.replace('"formatVersion":1', '"formatVersion":2'))).toMatch(/^newer-backup: /);
  expect(await wrong(...lines.slice(0, 2), ...lines.slice(3))).toBe(
    "torn-backup: line 3: event 3 does not follow 1",
  );
  expect(await wrong(lines[0]!, lines[1]!, lines[2]!.slice(0, 20))).toMatch(
    /^torn-backup: line 3: it is cut off/,
  );
  expect(await wrong(...lines.slice(0, -1))).toMatch(/^torn-backup: the file ends after \d+ events/);
  expect(await wrong(...lines, lines[1]!)).toMatch(/there is more after the line that ends a backup/);
  const other = lines.map((line) => line.replaceAll('"kind":"submitted"', '"kind":"submittee"'));
  expect(await wrong(...other)).toMatch(/its SHA-256 is not that of its last line/);
});

test("text that holds what Unicode takes for line ends comes back as it was", async () => {
  const { log } = await openLog(database);
  const reason = "a\u2028b\u2029c\u0085d\r\ne";
  const event: Event = {
    ...{
      kind: "launch-observed",
      jobId: "a",
      epoch: 1,
      region: "east",
      status: { kind: "rejected", reason },
    },
    ...{ seq: 1, atSeconds: 1 },
  };
  await log.append([event]);
  await writeBackup(file, ABOUT, archiveOf(database).page);
  const pages: (readonly Event[])[] = [];
  for await (const page of (await readBackup(file)).pages()) pages.push(page);
  expect(pages.flat()).toEqual([event]);
});
