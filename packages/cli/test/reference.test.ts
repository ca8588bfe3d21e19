// The pages of docs/reference that are written from the code are those of the code.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { FAILURES } from "../src/failure-codes.ts";
import { referencePages } from "../src/reference/index.ts";
import { ROOT } from "./support/recorder.ts";

const NAMES = ["cli.md", "errors.md", "metrics.md", "openapi.json", "rest-api.md"];
let pages: Readonly<Record<string, string>>;

beforeAll(async () => {
  pages = await referencePages();
}, 60_000);

test.each(NAMES)("docs/reference/%s is current (npx tsx scripts/reference.ts)", (name) => {
  expect(readFileSync(join(ROOT, "docs/reference", name), "utf8")).toBe(pages[name]);
});

test("those are all of them", () => {
  expect(Object.keys(pages).sort()).toEqual(NAMES);
});

test("of a command: what it takes, its examples and its exit codes; of a route: scope, parameters and problems", () => {
  expect(pages["cli.md"]).toMatch(
    /^## bace token create\n[^#]*`--scope <[^#]*Examples:\n[^#]*bace token create/m,
  );
  expect(pages["cli.md"]).toMatch(/^## bace plan\n[^#]*Exit codes: 0 none of the jobs would start/m);
  expect(pages["rest-api.md"]).toMatch(
    /^\| `GET \/v1\/log` \|.*\| admin, of no tenant \| `invalid-request` \|$/m,
  );
  expect(pages["rest-api.md"]).toMatch(
    /^\| `GET \/v1\/jobs` \| `limit` \| query \| `integer` \| no \| 1 to 10000 \|$/m,
  );
});

test("every code of the command line's catalogue is one that it fails with", () => {
  const sources = ["cli", "core", "server"].flatMap((name) => {
    const folder = join(ROOT, "packages", name, "src");
    return readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts") && file !== "failure-codes.ts")
      .map((file) => readFileSync(join(folder, file), "utf8"));
  });
  const unused = Object.keys(FAILURES).filter((code) => !sources.some((text) => text.includes(`"${code}"`)));
  expect(unused).toEqual([]);
});
