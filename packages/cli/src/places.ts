// Where the files lie that the program reads besides its own: in a checkout, or in the npm package that scripts/pack.mjs
// makes, which has them in the same folders. Its code lies in one folder dist/ there, so that "../" is the package of this
// file in both.
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

/** packages/cli in a checkout. */
const PACKAGE = resolve(import.meta.dirname, "..");

/** The checkout, or the npm package. */
export const ROOT = existsSync(join(PACKAGE, "worker")) ? PACKAGE : resolve(PACKAGE, "../..");

export const PACKAGE_FILE = join(PACKAGE, "package.json");
/** The program, to be run by Node. */
export const BACE = join(PACKAGE, "bin/bace.mjs");
/** Holds the Python package bace_worker. */
export const WORKER = join(ROOT, "worker");
export const SCENARIOS = join(ROOT, "scenarios");
export const DASHBOARD = join(ROOT, "packages/web/dist");
