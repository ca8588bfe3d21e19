// The npm packages, as somebody gets them who has no checkout: packed, installed into an empty folder, and used there.
// Dependencies come from npm's registry, or its cache.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { JobView } from "@bace-pipe/server";
import { createClient } from "@bace-pipe/server/client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { python, whyNoPython } from "../../server/test/support/python.ts";
import { bace as fromSource, ROOT } from "./support/recorder.ts";

const SCENARIO = "scenarios/cases/one-gpu-hop.yaml";
const INSTALL_MILLISECONDS = 300_000;

let folder: string;
let service: ChildProcess | undefined;

const run = (program: string, ...args: readonly string[]) =>
  execFileSync(program, args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
const bace = (...args: readonly string[]) => run(join(folder, "node_modules/.bin/bace"), ...args);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "bace-package-"));
  run(process.execPath, join(ROOT, "scripts/pack.mjs"), join(folder, "tarballs"));
  const tarballs = readdirSync(join(folder, "tarballs")).map((name) => `./tarballs/${name}`);
  expect(tarballs.map((name) => name.replace(/-[\d.]+tgz$/, ""))).toEqual([
    "./tarballs/bace-pipe",
    "./tarballs/bace-pipe-core",
  ]);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true }));
  run("npm", "install", "--prefer-offline", "--no-audit", "--no-fund", ...tarballs);
}, INSTALL_MILLISECONDS);

afterAll(async () => {
  if (service && service.exitCode === null) {
    service.kill("SIGTERM");
    await new Promise((ended) => service!.once("exit", ended));
  }
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

test("the program is there, with nothing that runs TypeScript", async () => {
  expect(bace("--version")).toBe((await fromSource(["--version"])).out);
  expect(readdirSync(join(folder, "node_modules"))).not.toContain("tsx");
});

test("a simulation prints the bytes that it prints from source", async () => {
  symlinkSync(join(ROOT, "scenarios"), join(folder, "scenarios"));
  const args = ["simulate", SCENARIO, "-o", "json", "--seed", "3"];
  const { err, exitCode, out } = await fromSource(args);
  expect([exitCode, err]).toEqual([0, ""]);
  expect(bace(...args)).toBe(out);
});

test("the package's own scenarios are those of the source", async () => {
  const args = (path: string) => ["simulate", path, "-p", "bace-plus", "-o", "yaml"];
  const { out } = await fromSource(args("scenarios/paper-default.yaml"));
  expect(bace(...args("node_modules/bace-pipe/scenarios/paper-default.yaml"))).toBe(out);
});

test("schedules, the exact one too: its solver is on a thread of its own", async () => {
  const args = ["schedule", "--stages", "3", "--microbatches", "3", "--generator", "exact", "-o", "json"];
  const said = bace(...args);
  expect(JSON.parse(said)).toMatchObject({ generator: "exact", status: "optimal" });
  expect(said).toBe((await fromSource(args)).out);
}, 120_000);

test("the library is imported, and its types are checked", () => {
  writeFileSync(
    join(folder, "lists.mjs"),
    'import { POLICIES } from "@bace-pipe/core";\nconsole.log(Object.keys(POLICIES).join());\n',
  );
  expect(run(process.execPath, "lists.mjs")).toMatch(/^bace,.*bace-plus/);

  writeFileSync(
    join(folder, "typed.ts"),
    `import { parseScenario } from "@bace-pipe/core/spec";
const parsed = parseScenario("", "fleet.yaml");
export const name: string = parsed.ok ? parsed.value.fleet.name : "";
// @ts-expect-error types are there, and not any
export const wrong: number = parsed;
`,
  );
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  const options = ["--noEmit", "--strict", "--module", "nodenext", "--types", ""];
  expect(run(process.execPath, tsc, ...options, "typed.ts")).toBe("");
}, 120_000);

test.skipIf(whyNoPython)(
  `the service answers, shows its dashboard, and trains${whyNoPython ? `: ${whyNoPython}` : ""}`,
  async () => {
    const state = join(folder, "state");
    const fleet = "node_modules/bace-pipe/scenarios/demo-three-regions.yaml";
    service = spawn(
      join(folder, "node_modules/.bin/bace"),
      ["up", "--open", "--state", state, "--fleet", fleet],
      {
        cwd: folder,
        stdio: ["ignore", "pipe", "inherit"],
        env: { ...process.env, BACE_PYTHON: python },
      },
    );
    const [url] = await new Promise<readonly string[]>((said, failed) => {
      createInterface({ input: service!.stdout! }).once("line", (line) => said([line]));
      service!.once("exit", (code) => failed(new Error(`bace up ended with ${code}`)));
    });
    expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: "ok" });

    const page = await (await fetch(`${url}/`)).text();
    expect(page).toContain("<title>BACE-Pipe");
    const [, script] = /src="\.\/(assets\/[^"]+\.js)"/.exec(page)!;
    const asset = await fetch(`${url}/${script}`);
    expect([asset.status, asset.headers.get("content-type")]).toEqual([
      200,
      "text/javascript; charset=utf-8",
    ]);

    expect(await (await fetch(`${url}/docs`)).text()).toContain("<code>GET /v1/log</code>");

    const client = createClient(url!);
    const text = `name: tiny
model: tiny-byte
efficiency: 0.4
sequenceLength: 64
microbatchSize: 1
microbatches: 2
iterations: 2
minGpus: 2
maxGpus: 2
training: {learningRate: 3e-3, data: {paths: [node_modules/bace-pipe/docs], suffixes: [.md]}}
`;
    await client.submit({ file: "job.yaml", text, directory: folder });
    const job = await until(client.job, "tiny");
    expect(job).toMatchObject({ outcome: "finished", step: 2 });
  },
  240_000,
);

async function until(ask: (id: string) => Promise<JobView>, id: string): Promise<JobView> {
  for (;;) {
    const job = await ask(id);
    if (job.phase === "ended") return job;
    await new Promise((wait) => setTimeout(wait, 500));
  }
}
