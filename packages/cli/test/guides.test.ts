// The commands of docs/guides and of the README, as they stand there, one after the other. Jobs are placed and launched; where
// nothing else is said a stand-in takes the worker's place.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseFeeds, parseScenario } from "@bace-pipe/core/spec";
import { expect, test, vi } from "vitest";
import { startPostgres, whyNoPostgres } from "../../server/test/support/postgres.ts";
import { python, whyNoPython } from "../../server/test/support/python.ts";
import { main } from "../src/main.ts";
import { env, folder, follow, read, run, stopService } from "./support/guide.ts";
import { ROOT, recordingIo } from "./support/recorder.ts";

const GUIDES = join(ROOT, "docs/guides");

/** Until a job has. */
async function ended(job: string): Promise<void> {
  await vi.waitFor(
    async () =>
      expect(await run("npx bace queue -o json")).toMatch(new RegExp(`"id":\\s*"${job}"[^}]*"ended"`)),
    { timeout: 120_000 },
  );
}

const guide = (name: string, before?: (line: string) => Promise<void>) => follow(join(GUIDES, name), before);

test("operations.md", { timeout: 240_000 }, async () => {
  const said = await guide("operations.md", async (line) => {
    if (line.includes("bace backup")) await ended("short"); // or there is nothing to replay
  });
  expect(said.get("npx bace plan jobs.yaml")).toContain("nightly");
  expect(said.get("npx bace drain south")).toContain("being drained");
  expect(said.get("npx bace hold nightly")).toMatch(/^nightly: held/);
  expect(said.get("npx bace replay log.jsonl --policy bace,bace-plus")).toMatch(/^bace-plus, simulated/m);
});

test("prices.md", { timeout: 240_000 }, async () => {
  await guide("prices.md");
  // The feed is asked within seconds of the start.
  const regions = () => run("npx bace regions -o wide");
  await vi.waitFor(async () => expect(await regions()).toMatch(/north .*0\.11.*utility/), {
    timeout: 60_000,
  });
  expect(await regions()).toMatch(/south .*default.*320 g\/kWh.*utility/);
  for (const file of ["feeds.yaml", "all-feeds.yaml"])
    expect(parseFeeds(read(file), file)).toMatchObject({ ok: true });
});

test("tenants.md", { timeout: 240_000 }, async () => {
  const said = await guide("tenants.md");
  expect(said.get("BACE_TOKEN=$(cat ci.token) npx bace queue")).toContain("release");
  const revoked = recordingIo({ env: { ...env, BACE_TOKEN: read("ci.token") }, folder });
  expect(await main(["queue"], revoked.io)).not.toBe(0);
  expect(revoked.recorded.err).toContain("bad-token");
});

test("slurm.md: its fleet is a sound one", async () => {
  await guide("slurm.md");
  expect(parseScenario(read("clusters.yaml"), "clusters.yaml")).toMatchObject({ ok: true });
});

test("dashboard.md", { timeout: 120_000 }, async () => {
  const said = await guide("dashboard.md");
  expect(said.get("npx bace dashboard --no-open")).toMatch(/^http:/);
});

test("training.md", { timeout: 120_000 }, async () => {
  const said = await guide("training.md");
  expect(said.get("npx bace plan all.yaml")).toContain("everything would start now");
});

test("simulations.md: it shows what is printed", { timeout: 240_000 }, async () => {
  const said = await guide("simulations.md");
  const text = readFileSync(join(GUIDES, "simulations.md"), "utf8");
  const [, shown] = text.split("npx bace simulate scenarios/paper-six-regions.yaml\n```\n\n");
  const rows = shown!.split("\n\n")[0]!.replaceAll(/^ {4}/gm, "");
  expect(said.get("npx bace simulate scenarios/paper-six-regions.yaml")).toContain(rows);
  expect(read("page.html")).toContain("<svg");
});

test("schedules.md: it shows what is printed", { timeout: 240_000 }, async () => {
  const said = await guide("schedules.md");
  const printed = said.get("npx bace schedule --stages 8 --microbatches 32 --cut 4:lat=20ms,gbps=5");
  const rows = /^ {4}(crosspipe .*feasible)$/m.exec(readFileSync(join(GUIDES, "schedules.md"), "utf8"));
  expect(printed).toContain(rows![1]);
});

test.each([
  ["writing-a-policy.md", "npx tsx thrift.ts scenarios/paper-six-regions.yaml"],
  ["writing-a-schedule.md", "npx tsx groups.ts"],
])("%s: its program compiles, runs, and prints what is shown", { timeout: 240_000 }, async (name, line) => {
  const said = await guide(name);
  const text = readFileSync(join(GUIDES, name), "utf8");
  const [shown] = text.split(`${line}\n\`\`\`\n\n`)[1]!.split("\n\n");
  expect(said.get(line)).toBe(`${shown!.replaceAll(/^ {4}/gm, "")}\n`);
});

test.skipIf(whyNoPostgres)(
  `postgresql.md${whyNoPostgres ? `: ${whyNoPostgres}` : ""}`,
  { timeout: 240_000 },
  async () => {
    const postgres = await startPostgres();
    try {
      env["DATABASE"] = postgres.url;
      const said = await guide("postgresql.md");
      // What came back is the log of the server.
      expect(said.get("npx bace status --state elsewhere")).toContain(
        `${JSON.parse(read("log.jsonl").split("\n")[0]!).seq}`,
      );
      await stopService(); // before its database
    } finally {
      await postgres.remove();
    }
  },
);

/** What follows trains with PyTorch. */
const training = test.skipIf(whyNoPython);
const why = whyNoPython ? `: ${whyNoPython}` : "";

training(`first-fleet.md${why}`, { timeout: 300_000 }, async () => {
  env["BACE_PYTHON"] = python!;
  const said = await guide("first-fleet.md");
  expect(said.get("npx bace explain first")).toMatch(/^finished/m);
  expect(said.get("npx bace explain first")).toContain("here → there");
  expect(said.get("npx bace logs first")).toMatch(/^there rank 3 \| .*finished/m);
});

training(`one-gpu-to-three-regions.md${why}`, { timeout: 300_000 }, async () => {
  env["BACE_PYTHON"] = python!;
  const said = await guide("one-gpu-to-three-regions.md");
  expect(said.get("npx bace simulate regions.yaml --policy bace-plus,lcf --html page.html")).toContain("3/3");
  expect(said.get("npx bace report")).toMatch(/^mine +finished +1 +frankfurt → virginia → tokyo +9 /m);
});

training(`README.md${why}`, { timeout: 300_000 }, async () => {
  env["BACE_PYTHON"] = python!;
  const said = await follow(join(ROOT, "README.md"));
  expect(said.get("npx bace explain my-job")).toMatch(/^finished/m);
  expect(read("best.svg")).toContain("</svg>");
});

test("every guide is followed", () => {
  const text = readFileSync(join(import.meta.dirname, "guides.test.ts"), "utf8");
  const followed = readdirSync(GUIDES).filter(
    (name) => text.includes(`guide("${name}"`) || text.includes(`["${name}", `),
  );
  expect(followed).toEqual(readdirSync(GUIDES));
});
