// A Python with PyTorch; as scripts/setup.mjs has found it.
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const FOUND = join(resolve(import.meta.dirname, "../../../.."), ".cache", "python");

export const python: string | undefined =
  process.env["BACE_PYTHON"] ?? (existsSync(FOUND) ? readFileSync(FOUND, "utf8") : undefined);
export const whyNoPython: string | undefined =
  python === undefined ? "no Python with PyTorch: run scripts/setup.mjs" : undefined;
