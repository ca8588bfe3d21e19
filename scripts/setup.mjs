// Sets up what the other scripts need, says what it does, and does nothing where all is there already:
//   node scripts/setup.mjs         npm packages by lock file; a Python with PyTorch and NumPy
//   node scripts/setup.mjs --dev   besides: pytest, ruff and mypy
// A python3 that has the packages is used as it is; otherwise a virtual environment is made in .venv.
// Runs on bare Node: nothing may be imported that npm would have to install first.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const CACHE = join(ROOT, ".cache");
const NODE_NEEDED = [20, 19];
const PYTHON_NEEDED = [3, 10];
const RUN_PACKAGES = ["torch", "numpy"];
// Formatters and checkers differ by version: pinned. PyTorch is whatever 2.x the user has.
const DEV_PACKAGES = ["pytest==9.1.1", "ruff==0.16.9", "mypy==2.4.0"];

const say = (text) => process.stderr.write(`${text}\n`);

function fail(what, where, mend) {
  say(`\nsetup: ${what}\n  where: ${where}\n  do:    ${mend}`);
  process.exit(1);
}

const olderThan = (have, need) => have[0] < need[0] || (have[0] === need[0] && have[1] < need[1]);

function checkNode() {
  const have = process.versions.node.split(".").map(Number);
  if (!olderThan(have, NODE_NEEDED)) return;
  fail(
    `Node ${process.versions.node} is too old; ${NODE_NEEDED.join(".")} or newer is needed`,
    process.execPath,
    "install Node 24 (or 20.19 and newer) and run the command again",
  );
}

/** Runs a long command; a line every few seconds says that it is alive, its output is shown only if it fails. */
async function run(title, command, args) {
  const started = Date.now();
  say(`setup: ${title} …`);
  const child = spawn(command, args, {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, PIP_DISABLE_PIP_VERSION_CHECK: "1" },
  });
  let output = "";
  const keep = (chunk) => {
    output = (output + chunk).slice(-8000);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const seconds = () => Math.round((Date.now() - started) / 1000);
  const alive = setInterval(() => say(`setup:   still at it, ${seconds()} s`), 10_000);
  const code = await new Promise((resolve) => {
    child.on("error", (error) => resolve(String(error)));
    child.on("close", resolve);
  });
  clearInterval(alive);
  if (code === 0) say(`setup:   done in ${seconds()} s`);
  else say(output);
  return code === 0;
}

async function setUpNode() {
  const lock = createHash("sha256")
    .update(readFileSync(join(ROOT, "package-lock.json")))
    .digest("hex");
  const stamp = join(ROOT, "node_modules", ".bace-lock-hash");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  const windows = process.platform === "win32";
  if (
    !(await run("npm packages by lock file (npm ci)", windows ? "npm.cmd" : "npm", [
      "ci",
      "--no-audit",
      "--no-fund",
    ]))
  ) {
    fail(
      "npm ci did not succeed",
      ROOT,
      "check the network and the message above, then run `npm ci` yourself",
    );
  }
  writeFileSync(stamp, lock);
}

/** Which of the packages a Python lacks; undefined if there is no such Python or it is too old. */
function lacks(executable, wanted) {
  const script = `
import importlib.metadata as metadata, sys
def has(package):
    name, _, version = package.partition("==")
    try: return version in ("", metadata.version(name))
    except metadata.PackageNotFoundError: return False
if sys.version_info < (${PYTHON_NEEDED.join(", ")}): sys.exit(9)
print(",".join(package for package in sys.argv[1:] if not has(package)))`;
  const { status, stdout } = spawnSync(executable, ["-c", script, ...wanted], { encoding: "utf8" });
  return status === 0 ? stdout.trim().split(",").filter(Boolean) : undefined;
}

async function setUpPython(packages) {
  const venv = join(ROOT, ".venv");
  const own = join(venv, "bin", "python");
  const wished = process.env.BACE_PYTHON;
  const candidates = wished ? [wished] : [own, "python3"];
  for (const python of candidates) if (lacks(python, packages)?.length === 0) return python;
  if (wished) {
    const missing = lacks(wished, packages);
    if (!missing)
      fail(
        `BACE_PYTHON is no Python of ${PYTHON_NEEDED.join(".")} or newer`,
        wished,
        "correct or unset BACE_PYTHON",
      );
    fail(`${missing.join(", ")} missing`, wished, `${wished} -m pip install ${missing.join(" ")}`);
  }
  const need = PYTHON_NEEDED.join(".");
  if (!existsSync(own)) {
    if (lacks("python3", []) === undefined) {
      fail(
        `no Python ${need} or newer`,
        "python3 on the PATH",
        `install Python ${need} or newer (Debian: apt-get install python3 python3-venv)`,
      );
    }
    if (!(await run("Python environment in .venv", "python3", ["-m", "venv", venv]))) {
      rmSync(venv, { recursive: true, force: true });
      fail(
        "python3 cannot make a virtual environment",
        venv,
        "Debian and Ubuntu: apt-get install python3-venv; then run the command again",
      );
    }
  }
  const missing = lacks(own, packages) ?? packages;
  if (
    missing.length > 0 &&
    !(await run(`Python packages ${missing.join(", ")} (PyTorch is large: a minute or more)`, own, [
      "-m",
      "pip",
      "install",
      ...missing,
    ]))
  ) {
    fail("pip did not succeed", venv, `${own} -m pip install ${missing.join(" ")}`);
  }
  return own;
}

async function main() {
  checkNode();
  await setUpNode();
  const dev = process.argv.includes("--dev");
  const python = await setUpPython(dev ? [...RUN_PACKAGES, ...DEV_PACKAGES] : RUN_PACKAGES);
  mkdirSync(CACHE, { recursive: true });
  writeFileSync(join(CACHE, "python"), python);
}

await main();
