// The rules that keep core pure and imports one-way must be able to fail: each file here breaks one of them.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../..", import.meta.url));

const violations: readonly [folder: string, line: string, why: string][] = [
  ["packages/core/src/fleet", 'import { a } from "../model/index.ts";', "one way"],
  ["packages/core/src/pipeline", 'import { a } from "../cost/job.ts";', "one way"],
  ["packages/core/src/cost", 'import { a } from "../scheduler/registry.ts";', "one way"],
  ["packages/core/src/scheduler/bace", 'import { a } from "../../control/reduce.ts";', "one way"],
  ["packages/core/src/control", 'import { a } from "../simulator/engine.ts";', "one way"],
  ["packages/core/src/simulator", 'import { a } from "../spec/index.ts";', "one way"],
  ["packages/core/src/simulator", 'import { a } from "../experiment/draw.ts";', "one way"],
  ["packages/core/src/experiment", 'import { a } from "../spec/index.ts";', "one way"],
  ["packages/core/src/simulator", 'import { readFileSync as a } from "node:fs";', "core is pure"],
  ["packages/core/src/control", 'import { z as a } from "zod";', "core is pure"],
  ["packages/core/src/control", "const a = Date.now();", "core has no clock"],
  ["packages/core/src/simulator", "const a = Math.random();", "core has no randomness"],
  ["packages/server/src", 'import { a } from "@bace-pipe/cli";', "server imports core"],
  [
    "packages/server/src/api",
    'import { a } from "../../../packages/core/src/index.ts";',
    "server imports core",
  ],
  ["packages/web/src", 'import { a } from "@bace-pipe/server";', "web imports core"],
];
const fileOf = (index: number) => `${violations[index]![0]}/violation${index}.ts`;

let copy: string;
let report: string;

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), "bace-lint-"));
  cpSync(join(root, "biome.json"), join(copy, "biome.json"));
  cpSync(join(root, "scripts/lint"), join(copy, "scripts/lint"), { recursive: true });
  const write = (file: string, text: string) => {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    writeFileSync(join(copy, file), text);
  };
  violations.forEach(([, line], index) => {
    write(fileOf(index), `${line}\nexport const b = a;\n`);
  });
  write("packages/core/src/cost/allowed.ts", 'export { valueAt } from "../fleet/series.ts";\n');
  const biome = join(root, "node_modules/@biomejs/biome/bin/biome");
  const args = [biome, "lint", "--colors=off", "--vcs-enabled=false", "--max-diagnostics=none", "."];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: copy, encoding: "utf8" });
  report = stdout + stderr;
});

afterAll(() => rmSync(copy, { recursive: true, force: true }));

it.each(violations.map(([folder, line, why], index) => [folder, line, why, index] as const))(
  "%s may not say: %s",
  (_folder, _line, why, index) => {
    const ofFile = report.split(/^(?=packages\/)/m).filter((part) => part.startsWith(fileOf(index)));
    expect(ofFile.join(""), report).toContain(why);
  },
);

it("and what is allowed passes", () => {
  expect(report).not.toContain("allowed.ts");
});
