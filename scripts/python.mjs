// Runs the Python that setup.mjs found: node scripts/python.mjs -m pytest worker
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

const python = readFileSync(new URL("../.cache/python", import.meta.url), "utf8");
const { status, error } = spawnSync(python, process.argv.slice(2), { stdio: "inherit" });
if (error) throw error;
process.exit(status ?? 1);
