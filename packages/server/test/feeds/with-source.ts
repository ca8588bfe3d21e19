// A source on this machine and a folder, for the tests of one file; feeds of one source in a few words.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { feedOf, openSource, type TestSource } from "./support.ts";

const EUR = "currencies: {EUR: {usd: 1.1, asOf: 2026-03-01, source: invented}}";

export function withSource() {
  let source: TestSource;
  let folder: string;
  beforeAll(async () => {
    source = await openSource();
    folder = mkdtempSync(join(tmpdir(), "bace-feeds-"));
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await source.close();
  });
  return {
    get source() {
      return source;
    },
    get folder() {
      return folder;
    },
    /** What it answers, by a part of the path. */
    answers(bodies: Readonly<Record<string, unknown>>): void {
      source.answer = (path) => {
        const key = Object.keys(bodies).find((each) => decodeURIComponent(path).includes(each));
        return key === undefined ? { status: 404 } : { body: JSON.stringify(bodies[key]) };
      };
    },
    feedFrom: (fields: string) => feedOf(`version: 1\n${EUR}\nsources:\n  - {${fields}}`),
  };
}
