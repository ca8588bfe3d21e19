// The commands of docs/guides, as they stand there, one after the other, against a service of each guide's own. Jobs are
// placed and launched; a stand-in takes the worker's place.
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseFeeds } from "@bace-pipe/core/spec";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { main } from "../src/main.ts";
import { ROOT, recordingIo } from "./support/recorder.ts";

/** Says that PyTorch is there; as a launch it is done at once, but for the nightly job, which runs until it is stopped. */
const STAND_IN = `#!/bin/sh
[ "$1" = -c ] && exit 0
# -m bace_worker launch --plan PLAN --region REGION --directory DIRECTORY
cd "$9" || exit 1
finish() {
  printf '{"exitCode":%d,"ranks":[]}' "$1" > exit.json.tmp && mv exit.json.tmp exit.json
  exit "$1"
}
trap 'finish 75' TERM
case "$9" in */short.*) finish 0 ;; esac
while [ -e plan.json ]; do sleep 0.05; done
`;

const GUIDES = join(ROOT, "docs/guides");

let folder: string;
let env: Record<string, string>;
/** Ends the service that runs, if one does. */
let stop: (() => Promise<void>) | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bace-guide-"));
  for (const name of ["scenarios", "docs"]) symlinkSync(join(ROOT, name), join(folder, name));
  const python = join(folder, "python");
  writeFileSync(python, STAND_IN);
  chmodSync(python, 0o755);
  env = { BACE_PYTHON: python };
});
afterEach(async () => {
  await stop?.();
  stop = undefined;
  rmSync(folder, { recursive: true, force: true }); // stand-ins that still run see it and end
});

/** `up` goes on in the background, and ends the one before. */
async function up(args: readonly string[]): Promise<string> {
  await stop?.();
  const { io, recorded } = recordingIo({ env, folder });
  let interrupt = () => {};
  const over = main(args, {
    ...io,
    onInterrupt: (callback) => {
      interrupt = callback;
      return () => undefined;
    },
  });
  stop = async () => {
    interrupt();
    expect(await over).toBe(0);
  };
  await vi.waitFor(() => expect(recorded.out, recorded.err).toMatch(/^http:/), { timeout: 120_000 });
  return recorded.out;
}

async function run(line: string): Promise<string> {
  const { args, env: more, into } = parsed(line);
  if (args[0] === "up") return up(args);
  const { io, recorded } = recordingIo({ env: { ...env, ...more }, folder });
  const exitCode = await main(args, io);
  const good = args[0] === "plan" ? 1 : 0; // something would start
  expect([line, exitCode, exitCode === good ? "" : recorded.err]).toEqual([line, good, ""]);
  if (into !== undefined) writeFileSync(join(folder, into), recorded.out);
  return recorded.out;
}

interface Command {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly into: string | undefined;
}

/** As much of a shell as guides need: quotes, comments, `NAME=value`, `> file`, and a token or its id from a file. */
function parsed(line: string): Command {
  const inserted = line
    .replaceAll(/\$\(cat ([\w.]+)\)/g, (_, file: string) => read(file))
    .replaceAll(/\$\(cut -d_ -f2 ([\w.]+)\)/g, (_, file: string) => read(file).split("_")[1]!);
  const words = [...inserted.replace(/\s# .*$/, "").matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)].map(([word]) =>
    word.replaceAll(/['"]/g, ""),
  );
  const start = words.indexOf("npx");
  expect(words.slice(start, start + 2), line).toEqual(["npx", "bace"]);
  const more = Object.fromEntries(words.slice(0, start).map((word) => word.split("=") as [string, string]));
  const arrow = words.indexOf(">");
  const args = words.slice(start + 2, arrow === -1 ? undefined : arrow);
  return { args, env: more, into: arrow === -1 ? undefined : words[arrow + 1]! };
}

const read = (file: string) => readFileSync(join(folder, file), "utf8").trim();

/** Until a job has. */
async function ended(job: string): Promise<void> {
  await vi.waitFor(
    async () =>
      expect(await run("npx bace queue -o json")).toMatch(new RegExp(`"id":\\s*"${job}"[^}]*"ended"`)),
    {
      timeout: 120_000,
    },
  );
}

/** What the guide's commands say, by their lines. Files that it shows are there from the beginning. */
async function follow(guide: string): Promise<ReadonlyMap<string, string>> {
  const text = readFileSync(join(GUIDES, guide), "utf8");
  for (const [, file, content] of text.matchAll(/^```(?:yaml|csv) (\S+)\n([\s\S]*?)^```$/gm))
    writeFileSync(join(folder, file!), content!);
  const said = new Map<string, string>();
  for (const [, block] of text.matchAll(/^```sh\n([\s\S]*?)^```$/gm))
    for (const line of block!.trim().split("\n")) {
      if (line.includes("bace backup")) await ended("short"); // or there is nothing to replay
      said.set(line.replace(/\s+# .*$/, ""), await run(line));
    }
  return said;
}

test("operations.md", { timeout: 240_000 }, async () => {
  const said = await follow("operations.md");
  expect(said.get("npx bace plan jobs.yaml")).toContain("nightly");
  expect(said.get("npx bace drain south")).toContain("being drained");
  expect(said.get("npx bace hold nightly")).toMatch(/^nightly: held/);
  expect(said.get("npx bace replay log.jsonl --policy bace,bace-plus")).toMatch(/^bace-plus, simulated/m);
});

test("prices.md", { timeout: 240_000 }, async () => {
  await follow("prices.md");
  // The feed is asked within seconds of the start.
  const regions = () => run("npx bace regions -o wide");
  await vi.waitFor(async () => expect(await regions()).toMatch(/north .*0\.11.*utility/), {
    timeout: 60_000,
  });
  expect(await regions()).toMatch(/south .*default.*320 g\/kWh.*utility/);
  for (const file of ["feeds.yaml", "all-feeds.yaml"])
    expect(parseFeeds(read(file), file)).toMatchObject({ ok: true });
});

test("tenants.md", { timeout: 240_000 }, async () => {
  const said = await follow("tenants.md");
  expect(said.get("BACE_TOKEN=$(cat ci.token) npx bace queue")).toContain("release");
  const revoked = recordingIo({ env: { ...env, BACE_TOKEN: read("ci.token") }, folder });
  expect(await main(["queue"], revoked.io)).not.toBe(0);
  expect(revoked.recorded.err).toContain("bad-token");
});

test("every guide is followed", () => {
  expect(readdirSync(GUIDES).sort()).toEqual(["operations.md", "prices.md", "tenants.md"]);
});
