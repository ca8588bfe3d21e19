// The files with tokens: made once, for their owner alone, and what is done where something is missing.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { openAccess } from "../../src/access/open-access.ts";
import { newToken } from "../../src/access/token.ts";
import { openTokens } from "../../src/access/tokens.ts";
import type { Database } from "../../src/store/database.ts";
import { migrate } from "../../src/store/migrate.ts";
import { openPglite } from "../../src/store/pglite.ts";
import { clear } from "../support/database.ts";

let database: Database;
let stateDirectory: string;

beforeAll(async () => {
  database = await openPglite();
}, 60_000);
afterAll(() => database.close());
beforeEach(async () => {
  stateDirectory = mkdtempSync(join(tmpdir(), "bace-tokens-"));
  await clear(database);
  await migrate(database);
});
afterEach(() => rmSync(stateDirectory, { recursive: true }));

const start = () => {
  const onError = (error: unknown) => {
    throw error;
  };
  return openAccess({ database, stateDirectory, host: "127.0.0.1", nowSeconds: () => 1000, onError });
};
const file = () => join(stateDirectory, "admin.token");
const text = () => readFileSync(file(), "utf8").trim();

test("the first start makes one for everything and one that reads, for their owner alone", async () => {
  const { tokens } = await start();
  expect(readdirSync(stateDirectory).sort()).toEqual(["admin.token", "dashboard.token"]);
  for (const name of readdirSync(stateDirectory))
    expect(statSync(join(stateDirectory, name)).mode & 0o777).toBe(0o600);
  expect(tokens.check(text())).toMatchObject({ name: "admin", scopes: ["admin"], tenant: null });
  const dashboard = readFileSync(join(stateDirectory, "dashboard.token"), "utf8").trim();
  expect(tokens.check(dashboard)).toMatchObject({ scopes: ["read"] });
});

test("a later start leaves them as they are", async () => {
  await start();
  const before = text();
  const { tokens } = await start();
  expect(text()).toBe(before);
  expect(tokens.list()).toHaveLength(2);
});

test("a token that the database does not know is not let in: it may have been revoked where it was known", async () => {
  const left = newToken();
  writeFileSync(file(), left.text);
  const { tokens } = await start();
  expect(tokens.check(left.text)).toBe("unknown");
  expect(tokens.check(text())).toMatchObject({ scopes: ["admin"] });
});

test("a file that is gone is made anew, with another token; one that was revoked stays revoked", async () => {
  const first = await start();
  const before = text();
  await first.tokens.revoke(before.split("_")[1]!);
  expect((await start()).tokens.check(before)).toBe("revoked");
  rmSync(file());
  const { tokens } = await start();
  expect(text()).not.toBe(before);
  expect(tokens.check(text())).toMatchObject({ scopes: ["admin"] });
});

test("a revocation that could not be written is not taken for one that was, when it is asked for again", async () => {
  let full = true;
  const query: Database["query"] = async (sql, parameters) => {
    if (full && sql.includes("revoked_seconds =")) throw new Error("no space left on device");
    return database.query(sql, parameters);
  };
  const options = { database: { ...database, query }, nowSeconds: () => 1000, onError: () => {} };
  const tokens = await openTokens(options);
  const lent = { name: "lent", scopes: ["read"], tenant: null, expiresSeconds: null } as const;
  const { text: secret, token } = await tokens.create(lent);
  await expect(tokens.revoke(token.id)).rejects.toThrow("no space left");
  expect(tokens.check(secret)).toBe("revoked");
  await expect(tokens.revoke(token.id)).rejects.toThrow("no space left");
  full = false;
  await tokens.revoke(token.id);
  expect((await openTokens(options)).check(secret)).toBe("revoked");
});

test("when a token was last used is known to ten minutes, also after a restart", async () => {
  const { tokens } = await start();
  tokens.check(text());
  await database.query("select 1"); // after the note
  const admin = (await start()).tokens.list().find(({ name }) => name === "admin");
  expect(admin).toMatchObject({ usedSeconds: 600 });
});
