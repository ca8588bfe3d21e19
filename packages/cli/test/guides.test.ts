// The commands of docs/guides and of the README, as they stand there, one after the other, against a service of each page's
// own. Where nothing else is said jobs are placed and launched, and a stand-in takes the worker's place.
// A block ```sh is run. A block ```sh elsewhere needs what a test has not: its `bace` commands are only looked at.
import { spawnSync } from "node:child_process";
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
import { parseFeeds, parseScenario } from "@bace-pipe/core/spec";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startPostgres, type TestPostgres, whyNoPostgres } from "../../server/test/support/postgres.ts";
import { python, whyNoPython } from "../../server/test/support/python.ts";
import { main } from "../src/main.ts";
import { refusalOf } from "./support/accepts.ts";
import { ROOT, recordingIo } from "./support/recorder.ts";
import { blocksOf, parsedLine } from "./support/shell.ts";

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
  for (const name of ["scenarios", "docs", "node_modules", "package.json"])
    symlinkSync(join(ROOT, name), join(folder, name));
  const standIn = join(folder, "python");
  writeFileSync(standIn, STAND_IN);
  chmodSync(standIn, 0o755);
  env = { BACE_PYTHON: standIn };
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
  const { env: more, into, words } = parsedLine(inserted(line));
  const [npx, program, ...args] = words;
  expect([line, npx]).toEqual([line, "npx"]);
  if (program === "tsx") return runScript(args);
  expect([line, program]).toEqual([line, "bace"]);
  expect([line, await refusalOf(args)]).toEqual([line, undefined]);
  if (args[0] === "up") return up(args);
  if (args[0] === "down") {
    // The service is this process, which it must not end (down.test.ts has one that is not): as Ctrl-C would.
    await stop?.();
    stop = undefined;
    return "";
  }
  const { io, recorded } = recordingIo({ env: { ...env, ...more }, folder });
  const exitCode = await main(args, io);
  const good = args[0] === "plan" ? 1 : 0; // something would start
  expect([line, exitCode, exitCode === good ? "" : recorded.err]).toEqual([line, good, ""]);
  if (into !== undefined) writeFileSync(join(folder, into), recorded.out);
  return recorded.out;
}

/** A token or its id from a file, and variables. */
function inserted(line: string): string {
  return line
    .replaceAll(/\$\(cat ([\w.]+)\)/g, (_, file: string) => read(file))
    .replaceAll(/\$\(cut -d_ -f2 ([\w.]+)\)/g, (_, file: string) => read(file).split("_")[1]!)
    .replaceAll(/\$([A-Z]+)/g, (_, name: string) => `'${env[name]!}'`);
}

/** What a program of a guide prints, if it compiles. */
function runScript([file, ...args]: readonly string[]): string {
  const compilerOptions = {
    composite: false,
    emitDeclarationOnly: false,
    noEmit: true,
    lib: ["es2023"],
    types: ["node"],
  };
  const config = { extends: join(ROOT, "tsconfig.base.json"), compilerOptions, files: [file] };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  const program = (name: string, ...more: readonly string[]) => {
    const { status, stderr, stdout } = spawnSync(join(ROOT, "node_modules/.bin", name), more, {
      cwd: folder,
      encoding: "utf8",
    });
    expect([name, status, status === 0 ? "" : stdout + stderr]).toEqual([name, 0, ""]);
    return stdout;
  };
  program("tsc", "-p", folder);
  return program("tsx", file!, ...args);
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

/** What the page's commands say, by their lines. Files that it shows are there from the beginning. */
async function follow(page: string): Promise<ReadonlyMap<string, string>> {
  const blocks = blocksOf(readFileSync(page, "utf8"));
  for (const { kind, text } of blocks) {
    const [, file] = /^(?:yaml|csv|ts) (\S+)$/.exec(kind) ?? [];
    if (file !== undefined) writeFileSync(join(folder, file), text);
  }
  const said = new Map<string, string>();
  for (const { kind, text } of blocks) {
    for (const line of /^sh( elsewhere)?$/.test(kind) ? text.trim().split("\n") : []) {
      if (kind === "sh") {
        if (line.includes("bace backup") && page.endsWith("operations.md")) await ended("short"); // or there is nothing to replay
        said.set(line.replace(/\s+# .*$/, ""), await run(line));
      } else {
        const [npx, program, ...args] = parsedLine(line).words;
        if (npx === "npx" && program === "bace")
          expect([line, await refusalOf(args)]).toEqual([line, undefined]);
      }
    }
  }
  return said;
}

const guide = (name: string) => follow(join(GUIDES, name));

test("operations.md", { timeout: 240_000 }, async () => {
  const said = await guide("operations.md");
  expect(said.get("npx bace plan jobs.yaml")).toContain("nightly");
  expect(said.get("npx bace drain south")).toContain("being drained");
  expect(said.get("npx bace hold nightly")).toMatch(/^nightly: held/);
  expect(said.get("npx bace replay log.jsonl --policy bace,bace-plus")).toMatch(/^bace-plus, simulated/m);
});

test("prices.md", { timeout: 240_000 }, async () => {
  await guide("prices.md");
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
  const said = await guide("tenants.md");
  expect(said.get("BACE_TOKEN=$(cat ci.token) npx bace queue")).toContain("release");
  const revoked = recordingIo({ env: { ...env, BACE_TOKEN: read("ci.token") }, folder });
  expect(await main(["queue"], revoked.io)).not.toBe(0);
  expect(revoked.recorded.err).toContain("bad-token");
});

test("slurm.md: its fleet is a sound one", async () => {
  await guide("slurm.md");
  expect(parseScenario(read("clusters.yaml"), "clusters.yaml")).toMatchObject({ ok: true });
});

test("dashboard.md", { timeout: 120_000 }, async () => {
  const said = await guide("dashboard.md");
  expect(said.get("npx bace dashboard --no-open")).toMatch(/^http:/);
});

test("training.md", { timeout: 120_000 }, async () => {
  const said = await guide("training.md");
  expect(said.get("npx bace plan all.yaml")).toContain("everything would start now");
});

test("simulations.md: it shows what is printed", { timeout: 240_000 }, async () => {
  const said = await guide("simulations.md");
  const text = readFileSync(join(GUIDES, "simulations.md"), "utf8");
  const [, shown] = text.split("npx bace simulate scenarios/paper-six-regions.yaml\n```\n\n");
  const rows = shown!.split("\n\n")[0]!.replaceAll(/^ {4}/gm, "");
  expect(said.get("npx bace simulate scenarios/paper-six-regions.yaml")).toContain(rows);
  expect(read("page.html")).toContain("<svg");
});

test("schedules.md: it shows what is printed", { timeout: 240_000 }, async () => {
  const said = await guide("schedules.md");
  const printed = said.get("npx bace schedule --stages 8 --microbatches 32 --cut 4:lat=20ms,gbps=5");
  const rows = /^ {4}(crosspipe .*feasible)$/m.exec(readFileSync(join(GUIDES, "schedules.md"), "utf8"));
  expect(printed).toContain(rows![1]);
});

test.each([
  ["writing-a-policy.md", "npx tsx thrift.ts scenarios/paper-six-regions.yaml"],
  ["writing-a-schedule.md", "npx tsx groups.ts"],
])("%s: its program compiles, runs, and prints what is shown", { timeout: 240_000 }, async (name, line) => {
  const said = await guide(name);
  const text = readFileSync(join(GUIDES, name), "utf8");
  const [shown] = text.split(`${line}\n\`\`\`\n\n`)[1]!.split("\n\n");
  expect(said.get(line)).toBe(`${shown!.replaceAll(/^ {4}/gm, "")}\n`);
});

test.skipIf(whyNoPostgres)(
  `postgresql.md${whyNoPostgres ? `: ${whyNoPostgres}` : ""}`,
  { timeout: 240_000 },
  async () => {
    const postgres: TestPostgres = await startPostgres();
    try {
      env["DATABASE"] = postgres.url;
      const said = await guide("postgresql.md");
      // What came back is the log of the server.
      expect(said.get("npx bace status --state elsewhere")).toContain(
        `${JSON.parse(read("log.jsonl").split("\n")[0]!).seq}`,
      );
      await stop?.(); // before its database
      stop = undefined;
    } finally {
      await postgres.remove();
    }
  },
);

/** What follows trains with PyTorch. */
const training = test.skipIf(whyNoPython);
const why = whyNoPython ? `: ${whyNoPython}` : "";

training(`first-fleet.md${why}`, { timeout: 300_000 }, async () => {
  env["BACE_PYTHON"] = python!;
  const said = await guide("first-fleet.md");
  expect(said.get("npx bace explain first")).toMatch(/^finished/m);
  expect(said.get("npx bace explain first")).toContain("here → there");
  expect(said.get("npx bace logs first")).toMatch(/^there rank 3 \| .*finished/m);
});

training(`one-gpu-to-three-regions.md${why}`, { timeout: 300_000 }, async () => {
  env["BACE_PYTHON"] = python!;
  const said = await guide("one-gpu-to-three-regions.md");
  expect(said.get("npx bace simulate regions.yaml --policy bace-plus,lcf --html page.html")).toContain("3/3");
  expect(said.get("npx bace report")).toMatch(/^mine +finished +1 +frankfurt → virginia → tokyo +9 /m);
});

training(`README.md${why}`, { timeout: 300_000 }, async () => {
  env["BACE_PYTHON"] = python!;
  const said = await follow(join(ROOT, "README.md"));
  expect(said.get("npx bace explain my-job")).toMatch(/^finished/m);
  expect(read("best.svg")).toContain("</svg>");
});

test("every guide is followed", () => {
  const text = readFileSync(join(import.meta.dirname, "guides.test.ts"), "utf8");
  const followed = readdirSync(GUIDES).filter(
    (name) => text.includes(`guide("${name}")`) || text.includes(`["${name}", `),
  );
  expect(followed).toEqual(readdirSync(GUIDES));
});
