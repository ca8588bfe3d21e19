// Which sources the results of an experiment come from.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { ROOT } from "../places.ts";

/** What decides a task's result. */
const PARTS = [
  "packages/core/src",
  "packages/cli/src/experiment/task.ts",
  "packages/cli/src/experiment/world.ts",
  "packages/cli/src/simulation/run.ts",
  "scenarios/data",
  "scenarios/paper-default.yaml",
];

/** Twelve digits of a hash: results of other sources are not these. */
export function sourcesHash(): string {
  const hash = createHash("sha256");
  for (const file of PARTS.flatMap(filesOf).sort())
    hash.update(`${relative(ROOT, file).replaceAll("\\", "/")}\n`).update(readFileSync(file));
  return hash.digest("hex").slice(0, 12);
}

function filesOf(part: string): string[] {
  const path = join(ROOT, part);
  if (statSync(path).isFile()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
