// Backup, restore and replay from the command line.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createPolicy, decide, type Event, emptyState, type Fact, reduce, type State } from "@bace-pipe/core";
import { parseScenario } from "@bace-pipe/core/spec";
import { type LogPage, readBackup, writeBackup } from "@bace-pipe/server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { recorded } from "../src/replay/recorded.ts";
import { fakeService } from "./support/fake-service.ts";
import { bace, ROOT } from "./support/recorder.ts";

const START_SECONDS = 1_800_000_000;
const RUN_SECONDS = 100;

let folder: string;
let file: string;
let page: LogPage;

/** The log of a service to which three jobs came, of which the last is cancelled while it waits. */
function smallLog(): readonly Event[] {
  const text = readFileSync(join(ROOT, "scenarios/demo-three-regions.yaml"), "utf8");
  const scenario = parseScenario(text, "demo-three-regions.yaml");
  if (!scenario.ok) throw new Error(JSON.stringify(scenario.diagnostics));
  const { fleet, jobs } = scenario.value;
  const deciding = { policy: createPolicy("bace"), timeModel: "1f1b", newLaunchKey: () => "secret" } as const;
  const events: Event[] = [];
  let state: State = emptyState();
  let atSeconds = START_SECONDS;
  const record = (fact: Fact) => {
    const event: Event = { ...fact, seq: state.seq + 1, atSeconds };
    events.push(event);
    state = reduce(state, event);
  };
  record({ kind: "fleet-loaded", fleet });
  for (const [i, job] of jobs.slice(0, 3).entries()) {
    record({ kind: "submitted", job: { ...job, submitSeconds: atSeconds } });
    if (i === 2) {
      record({ kind: "cancel-requested", jobId: job.id });
      break;
    }
    decide(state, atSeconds, deciding).facts.forEach(record);
    const { epoch } = state.jobs.get(job.id)!;
    const about = { jobId: job.id, epoch: epoch!.number };
    record({ kind: "gang-started", ...about, addresses: [] });
    atSeconds += RUN_SECONDS;
    for (const region of Object.keys(epoch!.launches))
      record({ kind: "launch-observed", ...about, region, status: { kind: "exited", exitCode: 0 } });
  }
  return events;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "bace-cli-backup-"));
  file = join(folder, "log.jsonl");
  const events = smallLog();
  page = { seq: events.length, base: null, events };
  await writeBackup(file, { version: "0.1.0", createdAtSeconds: START_SECONDS }, async () => page);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const eventsOf = (path: string) => readFileSync(path, "utf8").trimEnd().split("\n").slice(1, -1);

test("replay shows what happened beside what each policy would have done, and what it leaves out", async () => {
  const { err, exitCode, out } = await bace(["replay", file, "--policy", "bace,lcf"]);
  expect([exitCode, err]).toEqual([0, ""]);
  expect(out).toMatch(/^POLICY +AVG WAIT +AVG JCT +P95 JCT +MAKESPAN +ELECTRICITY/m);
  expect(out).toMatch(/^measured +0 s +100 s +100 s +3\.33 min/m);
  expect(out).toMatch(/^bace, simulated /m);
  expect(out).toMatch(/^lcf, simulated /m);
  expect(out).toContain("Left out of every row: 1 cancelled.");
});

test("changes of capacity and of links are disruptions of the simulation, at their time", async () => {
  const changed = join(folder, "changed.jsonl");
  const [loaded, submitted] = [page.events[0]!, page.events[1]!];
  const { fleet } = loaded as Extract<Event, { kind: "fleet-loaded" }>;
  const [first, second] = fleet.regions;
  const facts: readonly Fact[] = [
    { kind: "capacity-changed", region: second!.name, gpus: 1 },
    {
      ...{ kind: "link-changed", from: first!.name, to: second!.name, bandwidthBitsPerSecond: 1e6 },
      ...{ source: "test", observedAtSeconds: START_SECONDS + 20 },
    },
  ];
  const changes = facts.map(
    (fact, i): Event => ({
      ...fact,
      seq: page.seq + 1 + i,
      atSeconds: START_SECONDS + 2 * RUN_SECONDS + 10 * i,
    }),
  );
  const events = [...page.events, ...changes];
  await writeBackup(changed, { version: "0.1.0", createdAtSeconds: 0 }, async () => ({
    ...{ seq: events.length, base: null, events },
  }));
  const { workload } = await recorded(await readBackup(changed));
  expect(submitted.atSeconds).toBe(START_SECONDS);
  expect(workload!.jobs.map(({ submitSeconds }) => submitSeconds)).toEqual([0, RUN_SECONDS]);
  expect(workload!.disruptions).toEqual([
    { kind: "capacity", atSeconds: 2 * RUN_SECONDS, region: 1, gpus: 1 },
    { kind: "link", atSeconds: 2 * RUN_SECONDS + 10, from: 0, to: 1, bandwidthBitsPerSecond: 1e6 },
  ]);
});

test("replay as JSON says of which log it speaks, and the same log gives the same bytes", async () => {
  const first = await bace(["replay", file, "-p", "bace", "-o", "json"]);
  const report = JSON.parse(first.out);
  expect(report.scenarioHash).toBe(
    JSON.parse(readFileSync(file, "utf8").trimEnd().split("\n").at(-1)!).sha256,
  );
  expect(report.measured).toMatchObject({ finishedJobs: 2, averageJctSeconds: RUN_SECONDS });
  expect(report.policies.bace).toMatchObject({ finishedJobs: 2 });
  expect((await bace(["replay", file, "-p", "bace", "-o", "json"])).out).toBe(first.out);
});

test("--state is the state, whichever way its fields were written, with a name to compare", async () => {
  const { out } = await bace(["replay", file, "--state"]);
  const { seq, sha256, state } = JSON.parse(out);
  expect(seq).toBe(page.seq);
  expect(sha256).toMatch(/^[0-9a-f]{64}$/);
  expect(state.jobs.map(({ phase }: { phase: string }) => phase)).toEqual(["ended", "ended", "ended"]);
});

test("a policy that there is not, and a log without jobs, are said to be that", async () => {
  const unknown = await bace(["replay", file, "--policy", "best"]);
  expect(unknown.exitCode).toBe(2);
  expect(unknown.err).toContain("unknown-policy");
  const empty = join(folder, "empty.jsonl");
  await writeBackup(empty, { version: "0.1.0", createdAtSeconds: 0 }, async () => ({
    ...{ seq: 0, base: null, events: [] },
  }));
  expect((await bace(["replay", empty])).err).toContain("no-jobs");
});

test("a torn file is refused, with what is wrong and where", async () => {
  const torn = join(folder, "torn.jsonl");
  writeFileSync(torn, readFileSync(file, "utf8").slice(0, 3000));
  for (const command of ["replay", "restore"]) {
    const { err, exitCode } = await bace([
      command,
      torn,
      ...(command === "restore" ? ["--state", folder] : []),
    ]);
    expect(exitCode).toBe(2);
    expect(err).toMatch(/torn-backup.*torn\.jsonl: line \d+: it is cut off/s);
  }
});

test("restored and backed up again, without a service, the events are the same; nothing is restored over anything", async () => {
  const state = join(folder, "restored");
  const restored = await bace(["restore", file, "--state", state]);
  expect([restored.exitCode, restored.err]).toEqual([0, expect.stringContaining("bace up --state")]);
  const again = join(folder, "again.jsonl");
  const backedUp = await bace(["backup", again, "--state", state]);
  expect(backedUp.exitCode).toBe(0);
  expect(eventsOf(again)).toEqual(eventsOf(file));
  const over = await bace(["restore", file, "--state", state]);
  expect([over.exitCode, over.err]).toEqual([1, expect.stringContaining("not-empty")]);
}, 120_000);

test("a service that runs is asked for its log; where there is none, and no database, that is said", async () => {
  const service = await fakeService({ "GET /v1/log?after=0": page });
  const path = join(folder, "running.jsonl");
  const { err, exitCode } = await bace(["backup", path, "--server", service.url]);
  expect([exitCode, err]).toEqual([0, `${page.seq} events, up to ${page.seq}\n`]);
  expect(eventsOf(path)).toEqual(eventsOf(file));
  const nothing = await bace(["backup", path, "--state", join(folder, "nothing")]);
  expect([nothing.exitCode, nothing.err]).toEqual([1, expect.stringContaining("no-log")]);
});

test("a database's password is not shown", async () => {
  const url = "postgres://bace:s3cret@127.0.0.1:1/bace";
  const { err, exitCode } = await bace(["backup", join(folder, "x.jsonl"), "--database", url]);
  expect(exitCode).toBe(3);
  expect(err).toContain("postgres://bace@127.0.0.1:1/bace");
  expect(err).not.toContain("s3cret");
});
