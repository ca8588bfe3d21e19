// Which Python runs the worker: asked for, or what setup found. Checked before the service starts: a job that fails
// because PyTorch is missing would say so only in a log.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { EXIT, Failure } from "../failure.ts";
import type { Io } from "../io.ts";
import { ROOT } from "../places.ts";
import { lookUp } from "../settings/lookup.ts";

/** Written by scripts/setup.mjs. */
const FOUND_BY_SETUP = join(ROOT, ".cache/python");
const NEEDED = ["torch", "numpy"];

/** An absolute path, or a name to be looked up in PATH: launches have a working folder of their own. */
export function workerPython(asked: string | undefined, io: Io): string {
  const python = chosenPython(asked, io);
  const script =
    "import importlib.util as u, sys; print(*[m for m in sys.argv[1:] if u.find_spec(m) is None])";
  const { status, stdout } = spawnSync(python, ["-c", script, ...NEEDED], { encoding: "utf8" });
  const missing = status === 0 ? stdout.trim() : undefined;
  if (missing === "") return python;
  throw new Failure(missing === undefined ? `cannot run ${python}` : `${python} lacks ${missing}`, {
    exitCode: EXIT.failed,
    code: "no-python",
    hint: "name a Python with PyTorch and NumPy with --python or BACE_PYTHON; in a checkout, `node scripts/setup.mjs` sets one up",
  });
}

/** The same, whatever it has. */
export function chosenPython(asked: string | undefined, io: Io): string {
  const wish = asked ?? lookUp("python", io)?.value;
  if (!wish) return foundBySetup();
  return wish.includes("/") ? resolve(io.folder, wish) : wish;
}

function foundBySetup(): string {
  return existsSync(FOUND_BY_SETUP) ? readFileSync(FOUND_BY_SETUP, "utf8").trim() : "python3";
}
