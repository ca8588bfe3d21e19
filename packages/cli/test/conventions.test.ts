// The page of conventions names tests: they are there, by their titles.
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "./support/recorder.ts";

const PAGE = join(ROOT, "docs/reference/conventions.md");
const ROWS = readFileSync(PAGE, "utf8")
  .split("\n")
  .filter((line) => /^\| \d+ \|/.test(line))
  .map((line) => line.split(" | "));

test("the page has the thirty conventions, in order, each with a test", () => {
  expect(ROWS.map(([number]) => Number(number!.slice(2)))).toEqual(
    Array.from({ length: 30 }, (_, i) => i + 1),
  );
  for (const row of ROWS) expect([row[0], namedTests(row).length]).not.toEqual([row[0], 0]);
});

test.each(ROWS.map((row) => [row[0]!.slice(2), row[1]!, row] as const))(
  "tests of convention %s are there: %s",
  (_, __, row) => {
    for (const { path, title } of namedTests(row)) {
      expect(existsSync(path), path).toBe(true);
      const titles = readFileSync(path, "utf8").replaceAll('\\"', '"');
      expect(titles.includes(`${title}"`) || titles.includes(`${title}\``), `${path}: ${title}`).toBe(true);
    }
  },
);

function namedTests(row: readonly string[]): readonly { readonly path: string; readonly title: string }[] {
  const cell = row.at(-1)!;
  return [...cell.matchAll(/\]\(([^)]+)\): \*(.+?)\*(?=<br>| \||$)/g)].map(([, path, title]) => ({
    path: resolve(PAGE, "..", path!),
    title: title!,
  }));
}
