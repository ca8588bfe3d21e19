// Makes the npm packages, as tarballs in dist/ (or in the folder that is named): npm run pack
//   @bace-pipe/core   the library: modules and their types, as tsc writes them
//   bace-pipe         the program: command line and service in a bundle, and the files that they read where
//                     packages/cli/src/places.ts looks for them: worker, dashboard, scenarios, texts that the demo trains on
// Each is put together in a folder of its own, with a package.json made of those of the workspace.
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const NPM = process.platform === "win32" ? "npm.cmd" : "npm";
const manifestOf = (folder) => JSON.parse(readFileSync(join(ROOT, folder, "package.json"), "utf8"));
const workspace = manifestOf(".");
const [core, server, cli] = ["core", "server", "cli"].map((name) => manifestOf(`packages/${name}`));

/** What the program reads or runs besides its bundle; what decides an experiment's results is named by its hash. */
const FILES = [
  "LICENSE",
  "docs",
  "packages/cli/src/experiment/task.ts",
  "packages/cli/src/experiment/world.ts",
  "packages/cli/src/simulation/run.ts",
  "packages/core/src",
  "packages/web/dist",
  "scenarios",
  "worker/bace_worker",
  "worker/pyproject.toml",
];

/** Each a module in dist/, as its worker's starter or the command's file below calls it. */
const MODULES = {
  main: "packages/cli/src/main.ts",
  io: "packages/cli/src/io.ts",
  worker: "packages/cli/src/experiment/worker.ts",
  "highs-worker": "packages/cli/src/solver/highs-worker.ts",
  "or-tools-worker": "packages/cli/src/solver/or-tools-worker.ts",
};

const COMMAND = `#!/usr/bin/env node
import { processIo } from "../dist/io.mjs";
import { main } from "../dist/main.mjs";

process.exitCode = await main(process.argv.slice(2), processIo());
`;

/** Packages that are not of this workspace. */
function dependenciesOf(...manifests) {
  const all = manifests.flatMap(({ dependencies }) => Object.entries(dependencies));
  return Object.fromEntries(all.filter(([name]) => !name.startsWith("@bace-pipe/")).sort());
}

function copy(name, folder) {
  const filter = (path) => !/__pycache__|\.pyc$/.test(path);
  cpSync(join(ROOT, name), join(folder, name), { recursive: true, filter });
}

function writeManifest(folder, more) {
  const { engines, license } = workspace;
  const manifest = { ...more, type: "module", license, engines };
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
}

function writeCore(folder) {
  const out = ["--outDir", join(folder, "dist"), "--tsBuildInfoFile", join(folder, ".tsbuildinfo")];
  const emit = ["--emitDeclarationOnly", "false", "--rewriteRelativeImportExtensions", ...out];
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  execFileSync(process.execPath, [tsc, "-p", join(ROOT, "packages/core"), ...emit], { stdio: "inherit" });
  rmSync(join(folder, ".tsbuildinfo"), { force: true });
  copy("LICENSE", folder);
  cpSync(join(ROOT, "packages/core/README.md"), join(folder, "README.md"));
  const built = (source) => source.replace("./src/", "./dist/").replace(/\.ts$/, "");
  const exports = Object.entries(core.exports).map(([name, source]) => [
    name,
    { types: `${built(source)}.d.ts`, default: `${built(source)}.js` },
  ]);
  writeManifest(folder, {
    name: core.name,
    version: core.version,
    description: "Fleets, cost, pipeline schedules, scheduling policies and the simulator of BACE-Pipe",
    exports: Object.fromEntries(exports),
    dependencies: dependenciesOf(core),
    sideEffects: false,
  });
}

async function writeProgram(folder) {
  if (!existsSync(join(ROOT, "packages/web/dist/index.html")))
    throw new Error("the dashboard is not built: npm run build -w @bace-pipe/web");
  const { tsx: _, ...dependencies } = dependenciesOf(core, server, cli);
  await build({
    entryPoints: Object.fromEntries(
      Object.entries(MODULES).map(([module, path]) => [module, join(ROOT, path)]),
    ),
    outdir: join(folder, "dist"),
    outExtension: { ".js": ".mjs" },
    ...{ bundle: true, splitting: true, format: "esm", platform: "node", target: "node20" },
    external: Object.keys(dependencies),
    logLevel: "warning",
  });
  for (const name of FILES) copy(name, folder);
  cpSync(join(ROOT, "packages/cli/README.md"), join(folder, "README.md"));
  mkdirSync(join(folder, "bin"));
  writeFileSync(join(folder, "bin/bace.mjs"), COMMAND);
  chmodSync(join(folder, "bin/bace.mjs"), 0o755);
  const { peerDependencies, peerDependenciesMeta, version } = cli;
  const { description, name } = workspace;
  const bin = { bace: "bin/bace.mjs" };
  writeManifest(folder, {
    name,
    version,
    description,
    bin,
    dependencies,
    peerDependencies,
    peerDependenciesMeta,
  });
}

function pack(folder, destination) {
  const args = ["pack", "--pack-destination", destination, "--silent"];
  const [name] = execFileSync(NPM, args, { cwd: folder, encoding: "utf8" }).trim().split("\n").slice(-1);
  process.stdout.write(`${join(destination, name)}\n`);
}

const output = resolve(process.argv[2] ?? join(ROOT, "dist"));
mkdirSync(output, { recursive: true });
for (const write of [writeCore, writeProgram]) {
  const folder = mkdtempSync(join(tmpdir(), "bace-pack-"));
  try {
    await write(folder);
    pack(folder, output);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
