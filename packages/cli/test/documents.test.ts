// README and docs: links lead somewhere, and the program takes every command that they name. Those of guides and of the
// README's own blocks are run (guides.test.ts); of the others it is looked that there is such a command with such options.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import type { Command } from "commander";
import { describe, expect, test } from "vitest";
import { commandTree } from "../src/main.ts";
import { refusalOf } from "./support/accepts.ts";
import { ROOT, recordingIo } from "./support/recorder.ts";
import { blocksOf, parsedLine } from "./support/shell.ts";

const PAGES = [
  ...["README.md", "CONTRIBUTING.md", "SECURITY.md", "deploy/README.md", "lab/README.md", "python/README.md"],
  ...["packages/core/README.md", "packages/cli/README.md"],
  ...readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name)),
];
const read = (page: string) => readFileSync(join(ROOT, page), "utf8");
const { scripts } = JSON.parse(read("package.json")) as { scripts: Readonly<Record<string, string>> };

/** Commands of other programs that stand in pages and that no test runs, by their first words, with the reason. */
const NOT_RUN: readonly (readonly [start: RegExp, why: string])[] = [
  [
    /^npm run demo$/,
    "takes minutes; its service, recovery and training are in crash.test.ts and demo.test.ts",
  ],
  [/^npm (test|run (check|verify|format|setup))$/, "this test is a part of it, or it of what CI runs"],
  [
    /^npm run (dst|bench|bench:worker|e2e:worker|e2e:slurm)\b/,
    "takes minutes or more; what it shows is in docs/results",
  ],
  [/^npm run pack\b/, "package.test.ts does the same"],
  [/^npm install (--prefix )?/, "takes packages from a registry"],
  [/^(pip|python3 -m venv|.*bin\/pip) /, "takes packages from a registry"],
  [/^npx tsx (thrift|groups)\.ts\b/, "run by guides.test.ts"],
  [/^python (-m bace_worker probe|-m pytest)\b/, "needs a machine in another region; or is a test"],
  [
    /^(BACE_DATABASE_PASSWORD=… )?docker /,
    "needs a container engine; deploy.test.ts holds its files to what they name",
  ],
  [/^(useradd|install|systemctl) /, "changes the machine"],
  [/^ssh /, "needs a cluster"],
  [/^(squeue|scancel|sbatch|srun)\b/, "needs Slurm; lab/ has clusters for its own tests"],
  [
    /^(createuser|createdb|export DATABASE=)/,
    "needs a database server of one's own; the guide runs against one that the test starts",
  ],
  [/^curl /, "needs a second instance; takeover.test.ts has one"],
];

const program = commandTree(recordingIo().io);

describe.each(PAGES)("%s", (page) => {
  const text = read(page);

  test("links lead to files and headings that there are", () => {
    const broken = [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target]) => target!)
      .filter((target) => !/^(https?|mailto):/.test(target) && !leadsSomewhere(page, target));
    expect(broken).toEqual([]);
  });

  test("the program takes every command, and every other one is in the list of what is not run", async () => {
    const lines = blocksOf(text)
      .filter(({ kind }) => /^(sh.*)?$/.test(kind))
      .flatMap(({ text: block }) => block.replaceAll(/\\\n\s*/g, "").split("\n"))
      .map((line) => line.replace(/\s+# .*$/, "").trim())
      .filter((line) => isCommand(line));
    for (const line of lines) {
      const args = baceArguments(line);
      if (args)
        expect([line, line.includes("…") ? undefined : await refusalOf(args)]).toEqual([line, undefined]);
      else expect([line, whyNotRun(line)]).not.toEqual([line, undefined]);
    }
    for (const line of spans(text)) expect([line, unknownIn(line)]).toEqual([line, undefined]);
  });
});

test("every reason is of some command", () => {
  const lines = PAGES.flatMap((page) =>
    blocksOf(read(page)).flatMap(({ text }) =>
      text.split("\n").map((line) => line.replace(/\s+# .*$/, "").trim()),
    ),
  );
  for (const [start, why] of NOT_RUN)
    expect([why, lines.some((line) => start.test(line))]).toEqual([why, true]);
});

/** Lines of blocks are commands where they begin as one does; the rest is output, or a picture. */
function isCommand(line: string): boolean {
  if (baceArguments(line)) return true;
  return /^((export )?[A-Z_]+=\S+ )?(npm|npx|pip|python3?|docker|useradd|install|systemctl|ssh|squeue|scancel|createuser|createdb|export|curl|node) /.test(
    line,
  );
}

/** Of `npx bace …` or `bace …`; a table of its output also has the program's name, but no command of it. */
function baceArguments(line: string): readonly string[] | undefined {
  const { words } = parsedLine(line.replaceAll(/\$\([^)]*\)/g, "inserted").replace(/ \| .*$/, ""));
  const at = words[0] === "npx" ? 1 : 0;
  const isNamed = words[at] === "bace" && program.commands.some((each) => each.name() === words[at + 1]);
  return isNamed ? words.slice(at + 1) : undefined;
}

function whyNotRun(line: string): string | undefined {
  const [, script] = /^npm run (\S+)/.exec(line) ?? [];
  if (script !== undefined && !(script in scripts)) return undefined;
  return NOT_RUN.find(([start]) => start.test(line))?.[1];
}

/** Commands in running text. */
function spans(text: string): readonly string[] {
  const running = text.replaceAll(/^```[\s\S]*?^```$/gm, "");
  return [...running.matchAll(/`((?:npx )?bace [a-z][^`]*|npm run [^`]+)`/g)].map(([, line]) => line!);
}

/** A word of it that is no command or option; arguments may be left out where people read. */
function unknownIn(line: string): string | undefined {
  const { words } = parsedLine(line);
  if (words[0] === "npm") return words[2]! in scripts ? undefined : words[2];
  let at: Command = program;
  let rest = words.slice(words.indexOf("bace") + 1);
  for (;;) {
    const next = at.commands.find((each) => each.name() === rest[0]);
    if (!next) break;
    [at, rest] = [next, rest.slice(1)];
  }
  if (at === program) return rest[0];
  const known = new Set(at.options.flatMap(({ long, short }) => [long, short]));
  return rest.find((word) => /^--?[a-z]/.test(word) && word !== "--help" && !known.has(word.split("=")[0]!));
}

function leadsSomewhere(page: string, target: string): boolean {
  const [path = "", heading] = target.split("#");
  const file = path === "" ? join(ROOT, page) : resolve(ROOT, dirname(page), path);
  if (!existsSync(file) || relative(ROOT, file).startsWith("..")) return false;
  if (heading === undefined) return true;
  if (statSync(file).isDirectory()) return false;
  const headings = [...readFileSync(file, "utf8").matchAll(/^#+ (.*)$/gm)].map(([, words]) =>
    anchorOf(words!),
  );
  return headings.includes(heading);
}

/** As GitHub makes them. */
const anchorOf = (words: string) =>
  words
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");

const withoutCode = (text: string) => text.replaceAll(/^```[\s\S]*?^```$/gm, "").replaceAll(/`[^`\n]*`/g, "");
