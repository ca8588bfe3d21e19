// Follows a page of commands as a reader would: writes the files that it shows, and runs what it says, against a service of
// the page's own. A block ```sh is run. A block ```sh elsewhere needs what a test has not: its `bace` commands are only
// looked at.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, vi } from "vitest";
import { main } from "../../src/main.ts";
import { refusalOf } from "./accepts.ts";
import { ROOT, recordingIo } from "./recorder.ts";
import { blocksOf, parsedLine } from "./shell.ts";

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

/** Where the page is followed. */
export let folder: string;
/** Of the commands; a stand-in takes the worker's place where BACE_PYTHON is left alone. */
export let env: Record<string, string>;
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
  await stopService();
  rmSync(folder, { recursive: true, force: true }); // stand-ins that still run see it and end
});

/** As Ctrl-C would; nothing where none runs. */
export async function stopService(): Promise<void> {
  await stop?.();
  stop = undefined;
}

/** `up` goes on in the background, and ends the one before. */
async function up(args: readonly string[]): Promise<string> {
  await stopService();
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

/** What one command prints on standard output. Fails unless it goes well. */
export async function run(line: string): Promise<string> {
  const { env: more, into, words } = parsedLine(inserted(line));
  const [npx, program, ...args] = words;
  expect([line, npx]).toEqual([line, "npx"]);
  if (program === "tsx") return runScript(args);
  expect([line, program]).toEqual([line, "bace"]);
  expect([line, await refusalOf(args)]).toEqual([line, undefined]);
  if (args[0] === "up") return up(args);
  if (args[0] === "down") {
    await stopService(); // it is this process, which must not end; down.test.ts has one that is another
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

/** A file of the folder that the page is followed in. */
export const read = (file: string) => readFileSync(join(folder, file), "utf8").trim();

/**
 * What the page's commands say, by their lines. Files that it shows are there from the beginning.
 * @param before called with each line that is about to be run
 */
export async function follow(
  page: string,
  before: (line: string) => Promise<void> = async () => {},
): Promise<ReadonlyMap<string, string>> {
  const blocks = blocksOf(readFileSync(page, "utf8"));
  for (const { kind, text } of blocks) {
    const [, file] = /^(?:yaml|csv|ts) (\S+)$/.exec(kind) ?? [];
    if (file !== undefined) writeFileSync(join(folder, file), text);
  }
  const said = new Map<string, string>();
  for (const { kind, text } of blocks) {
    for (const line of /^sh( elsewhere)?$/.test(kind) ? text.trim().split("\n") : []) {
      if (kind === "sh") {
        await before(line);
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
