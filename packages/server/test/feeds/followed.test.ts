// The file of feeds is read again when it changes: other sources are asked from then on, and a content that is wrong changes
// nothing and is named with its line and field.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseFeeds } from "@bace-pipe/core/spec";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { FeedsFile } from "../../src/feeds/feeds.ts";
import { type FollowedFeeds, followFeeds } from "../../src/feeds/followed.ts";
import type { Writer } from "../../src/writer.ts";
import { openSource, type TestSource, timingOf } from "./support.ts";

let folder: string;
let path: string;
let source: TestSource;
let feeds: FollowedFeeds | undefined;
let kept: { current: FeedsFile };
let lines: Record<string, unknown>[];
const clock = { seconds: 1_900_000_000 };
const timing = timingOf(clock, async () => feeds?.idle());

const textOf = (name: string, unit = "USD/MWh") => `version: 1
sources:
  - kind: generic
    name: ${name}
    url: ${source.url}/${name}
    format: json
    figures:
      - {region: east, figure: price, value: price, unit: ${unit}}
`;
const fileOf = (text: string): FeedsFile => {
  const parsed = parseFeeds(text, path);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.diagnostics));
  return { config: parsed.value, directory: folder, source: { path, text } };
};
/** Nothing that the sources say gets anywhere: what is asked is what counts here. */
const writer = { nowSeconds: () => clock.seconds, commit: async () => {} } as unknown as Writer;
const follow = async (): Promise<void> => {
  const logger = pino({ base: null }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  feeds = followFeeds({ kept, writer, logger, timing });
  feeds.start();
  await feeds.check();
};
/** Names of the sources that are asked within a while. */
const asked = async () => {
  source.asked.length = 0;
  await timing.pass(2000);
  return [...new Set(source.asked)];
};

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "bace-feeds-"));
  path = join(folder, "feeds.yaml");
  source = await openSource();
  source.answer = () => ({ body: '{"price": 80}' });
  lines = [];
  const text = textOf("first");
  writeFileSync(path, text);
  kept = { current: fileOf(text) };
});
afterEach(async () => {
  await feeds?.stop();
  await source.close();
  rmSync(folder, { recursive: true, force: true });
});

test("sources of the new content are asked, and the old ones no more", async () => {
  await follow();
  expect(await asked()).toEqual(["/first"]);
  writeFileSync(path, textOf("second"));
  await feeds!.check();
  expect(await asked()).toEqual(["/second"]);
  expect(lines).toMatchObject([{ msg: "feeds loaded", sources: ["second"] }]);
});

test("a content that is wrong keeps the old feeds, and is named once with file, line and field", async () => {
  await follow();
  writeFileSync(path, textOf("second", "EUR/MWh"));
  await feeds!.check();
  await feeds!.check();
  expect(lines).toMatchObject([{ level: 50, file: path, line: 8, field: "sources[0].figures[0].unit" }]);
  expect(await asked()).toEqual(["/first"]);
  writeFileSync(path, "version: [");
  await feeds!.check();
  expect(lines.at(-1)).toMatchObject({ level: 50, file: path, line: expect.any(Number) });
  rmSync(path);
  await feeds!.check();
  expect(await asked()).toEqual(["/first"]);
  writeFileSync(path, textOf("third"));
  await feeds!.check();
  expect(await asked()).toEqual(["/third"]);
});

test("a remark more is no other content, and what changed before it was followed counts", async () => {
  writeFileSync(path, textOf("second"));
  await follow();
  writeFileSync(path, `# a remark\n${textOf("second")}`);
  await feeds!.check();
  expect(lines).toEqual([]);
  expect(await asked()).toEqual(["/second"]);
});

test("whoever follows next begins with what was sound last", async () => {
  await follow();
  writeFileSync(path, textOf("second"));
  await feeds!.check();
  await feeds!.stop();
  writeFileSync(path, "wrong");
  await follow();
  expect(await asked()).toEqual(["/second"]);
});
