// Sets up what the other scripts need, says what it does, and does nothing where all is there already:
//   node scripts/setup.mjs         npm packages by lock file; the dashboard; a Python with PyTorch and NumPy
//   node scripts/setup.mjs --dev   besides: pytest, ruff and mypy
// A python3 that has the packages is used as it is; otherwise a virtual environment is made in .venv.
// Runs on bare Node: nothing may be imported that npm would have to install first.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const CACHE = join(ROOT, ".cache");
const NODE_NEEDED = [20, 19];
const PYTHON_NEEDED = [3, 10];
const RUN_PACKAGES = ["torch", "numpy"];
// Formatters and checkers differ by version: pinned. PyTorch is whatever 2.x the user has.
const DEV_PACKAGES = ["pytest==9.1.1", "pytest-xdist==3.8.0", "ruff==0.16.9", "mypy==2.4.0"];
const NPM = process.platform === "win32" ? "npm.cmd" : "npm";

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
  const seconds = () => Math.round((Date.now() - started) / 1000);
  say(`setup: ${title} …`);
  const env = { ...process.env, PIP_DISABLE_PIP_VERSION_CHECK: "1" };
  const child = spawn(command, args, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"], env });
  let output = "";
  const keep = (chunk) => {
    output = (output + chunk).slice(-8000);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const alive = setInterval(() => say(`setup:   still at it, ${seconds()} s`), 10_000);
  const code = await new Promise((resolve) => {
    child.on("error", (error) => resolve(String(error)));
    child.on("close", resolve);
  });
  clearInterval(alive);
  say(code === 0 ? `setup:   done in ${seconds()} s` : output);
  return code === 0;
}

const hashOf = (...files) => {
  const hash = createHash("sha256");
  for (const file of files) hash.update(`${file}\0`).update(readFileSync(file));
  return hash.digest("hex");
};

/** Runs `make` unless it has succeeded before with the same hash. */
async function once(name, hash, isThere, make) {
  const stamp = join(CACHE, `${name}-hash`);
  if (isThere && existsSync(stamp) && readFileSync(stamp, "utf8") === hash) return;
  await make();
  writeFileSync(stamp, hash);
}

async function setUpNode() {
  const lock = hashOf(join(ROOT, "package-lock.json"));
  await once("npm", lock, existsSync(join(ROOT, "node_modules")), async () => {
    if (await run("npm packages by lock file (npm ci)", NPM, ["ci", "--no-audit", "--no-fund"])) return;
    fail(
      "npm ci did not succeed",
      ROOT,
      "check the network and the message above, then run `npm ci` yourself",
    );
  });
}

async function buildDashboard() {
  const web = join(ROOT, "packages/web");
  // It simulates and schedules by itself: core and the example scenarios are part of it.
  const sources = [join(web, "src"), join(ROOT, "packages/core/src"), join(ROOT, "scenarios")]
    .flatMap((folder) => readdirSync(folder, { recursive: true }).map((name) => join(folder, name)))
    .filter((file) => statSync(file).isFile())
    .sort();
  const hash = hashOf(
    join(ROOT, "package-lock.json"),
    ...["index.html", "package.json", "vite.config.ts"].map((file) => join(web, file)),
    ...sources,
  );
  await once("dashboard", hash, existsSync(join(web, "dist/index.html")), async () => {
    if (await run("dashboard (vite build)", NPM, ["run", "build", "-w", "@bace-pipe/web"])) return;
    fail("the dashboard could not be built", web, "npm run build -w @bace-pipe/web");
  });
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

/** A Python that has the packages: BACE_PYTHON if set, this checkout's .venv, or python3; .venv is made if none has. */
async function setUpPython(packages) {
  const venv = join(ROOT, ".venv");
  const own = join(venv, "bin", "python");
  const wished = process.env.BACE_PYTHON;
  for (const python of wished ? [wished] : [own, "python3"]) {
    if (lacks(python, packages)?.length === 0) return python;
  }
  if (wished) failForWished(wished, packages);
  if (!existsSync(own)) await makeVenv(venv);
  const missing = lacks(own, packages) ?? packages;
  const patience = missing.includes("torch") ? " (PyTorch is large: a minute or more)" : "";
  if (
    !(await run(`Python packages ${missing.join(", ")}${patience}`, own, [
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

function failForWished(wished, packages) {
  const missing = lacks(wished, packages);
  if (missing) fail(`${missing.join(", ")} missing`, wished, `${wished} -m pip install ${missing.join(" ")}`);
  const need = PYTHON_NEEDED.join(".");
  fail(`BACE_PYTHON is no Python of ${need} or newer`, wished, "correct or unset BACE_PYTHON");
}

async function makeVenv(venv) {
  const need = PYTHON_NEEDED.join(".");
  if (lacks("python3", []) === undefined) {
    fail(
      `no Python ${need} or newer`,
      "python3 on the PATH",
      `install Python ${need} or newer (Debian: apt-get install python3 python3-venv)`,
    );
  }
  if (await run("Python environment in .venv", "python3", ["-m", "venv", venv])) return;
  rmSync(venv, { recursive: true, force: true });
  fail(
    "python3 cannot make a virtual environment",
    venv,
    "Debian and Ubuntu: apt-get install python3-venv; then run the command again",
  );
}

checkNode();
mkdirSync(CACHE, { recursive: true });
await setUpNode();
await buildDashboard();
const dev = process.argv.includes("--dev");
const foundPython = await setUpPython(dev ? [...RUN_PACKAGES, ...DEV_PACKAGES] : RUN_PACKAGES);
writeFileSync(join(CACHE, "python"), foundPython);
