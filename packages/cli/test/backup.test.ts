// Backup, restore and replay from the command line.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createPolicy,
  decide,
  type Event,
  emptyState,
  type Fact,
  type PolicyResult,
  reduce,
  type Snapshot,
  type State,
  toSnapshot,
} from "@bace-pipe/core";
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

/** The small log, and more at these seconds after its first job came. */
async function logWith(
  later: readonly (readonly [seconds: number, fact: Fact])[],
  base: Snapshot | null = null,
): Promise<string> {
  const path = join(folder, `log-${later.length}-${base?.seq ?? 0}.jsonl`);
  const first = base ? base.seq + 1 : page.seq + 1;
  const more = later.map(
    ([seconds, fact], i): Event => ({ ...fact, seq: first + i, atSeconds: START_SECONDS + seconds }),
  );
  const events = base ? more : [...page.events, ...more];
  const seq = first - 1 + more.length;
  await writeBackup(path, { version: "0.1.0", createdAtSeconds: 0 }, async () => ({ seq, base, events }));
  return path;
}

const fleetOf = ({ events }: LogPage) => (events[0] as Extract<Event, { kind: "fleet-loaded" }>).fleet;
const observedAt = (seconds: number) => ({ source: "test", observedAtSeconds: START_SECONDS + seconds });

test("what was said of the fleet and of jobs is said to the simulation, at its time and on its clock", async () => {
  const fleet = fleetOf(page);
  const [first, second] = fleet.regions.map(({ name }) => name) as [string, string];
  const jobs = page.events.flatMap((event) => (event.kind === "submitted" ? [event.job.id] : []));
  const link = { kind: "link-changed", from: first, to: second, bandwidthBitsPerSecond: 1e6 } as const;
  const price = { kind: "price-changed", region: first, priceUsdPerKwh: 0.3 } as const;
  const log = await logWith([
    [210, { kind: "capacity-changed", region: second, gpus: 1 }],
    [220, { ...link, ...observedAt(215) }],
    [230, { ...price, ...observedAt(-60) }],
    [240, { kind: "region-drained", region: second }],
    [250, { kind: "region-uncordoned", region: second }],
    [260, { kind: "fleet-loaded", fleet: { ...fleet, name: "again" } }],
    [270, { kind: "held", jobId: jobs[0]! }],
    [280, { kind: "released", jobId: jobs[0]! }],
    // Held to the end though it finished; and one that is not simulated.
    [290, { kind: "held", jobId: jobs[0]! }],
    [300, { kind: "held", jobId: jobs[2]! }],
  ]);
  const { workload } = await recorded(await readBackup(log));
  expect(workload!.jobs.map(({ submitSeconds }) => submitSeconds)).toEqual([0, RUN_SECONDS]);
  expect(workload!.said).toEqual([
    { atSeconds: 210, fact: { kind: "capacity-changed", region: second, gpus: 1 } },
    { atSeconds: 220, fact: { ...link, source: "test", observedAtSeconds: 215 } },
    { atSeconds: 230, fact: { ...price, source: "test", observedAtSeconds: -60 } },
    { atSeconds: 240, fact: { kind: "region-drained", region: second } },
    { atSeconds: 250, fact: { kind: "region-uncordoned", region: second } },
    { atSeconds: 260, fact: { kind: "fleet-loaded", fleet: expect.objectContaining({ name: "again" }) } },
    { atSeconds: 270, fact: { kind: "held", jobId: jobs[0] } },
    { atSeconds: 280, fact: { kind: "released", jobId: jobs[0] } },
  ]);
});

test("a replay sees the world of the log: jobs do not run where a region was cordoned, and wait while they are held", async () => {
  const [loaded, ...rest] = page.events;
  const { fleet } = loaded as Extract<Event, { kind: "fleet-loaded" }>;
  const placements = async (facts: readonly Fact[]) => {
    const path = join(folder, `world-${facts.length}.jsonl`);
    const said = facts.map((fact): Event => ({ ...fact, seq: 0, atSeconds: START_SECONDS }));
    const events = [loaded!, ...said, ...rest].map((event, i): Event => ({ ...event, seq: i + 1 }));
    await writeBackup(path, { version: "0.1.0", createdAtSeconds: 0 }, async () => ({
      ...{ seq: events.length, base: null, events },
    }));
    const { out } = await bace(["replay", path, "-p", "lcf", "-o", "json"]);
    const { jobs } = JSON.parse(out).policies.lcf as PolicyResult;
    return jobs.map(({ placement }) => placement.map(({ region }) => region).join());
  };
  const [chosen] = await placements([]);
  const others = fleet.regions.filter(({ name }) => name !== chosen);
  const [closed] = await placements([{ kind: "region-cordoned", region: chosen! }]);
  expect(others.map(({ name }) => name)).toContain(closed);
  const cheap = others.map(
    ({ name: region }): Fact => ({
      ...{ kind: "price-changed", region, priceUsdPerKwh: 0.001 },
      ...observedAt(0),
    }),
  );
  const [cheapest] = await placements(cheap);
  expect(others.map(({ name }) => name)).toContain(cheapest);
});

test("a log that was thinned out: what its state holds of the fleet is said at the beginning", async () => {
  const fleet = fleetOf(page);
  const [first, second] = fleet.regions.map(({ name }) => name) as [string, string];
  let state = emptyState();
  const before: readonly Fact[] = [
    { kind: "fleet-loaded", fleet },
    { kind: "region-cordoned", region: second },
    { kind: "capacity-changed", region: first, gpus: 9 },
    { kind: "price-changed", region: first, priceUsdPerKwh: 0.3, ...observedAt(-100) },
    { kind: "link-changed", from: first, to: second, latencySeconds: 0.2, ...observedAt(-100) },
  ];
  for (const fact of before)
    state = reduce(state, { ...fact, seq: state.seq + 1, atSeconds: START_SECONDS - 50 });
  const [, submitted] = page.events;
  const { job } = submitted as Extract<Event, { kind: "submitted" }>;
  const base = structuredClone(toSnapshot(state));
  const { facts } = decide(
    reduce(state, { kind: "submitted", job, seq: 6, atSeconds: START_SECONDS }),
    START_SECONDS,
    {
      ...{ policy: createPolicy("lcf"), timeModel: "1f1b", newLaunchKey: () => "secret" },
    },
  );
  const placed = facts[0] as Extract<Fact, { kind: "placed" }>;
  const region = fleet.regions[placed.placement.regions[0]!]!.name;
  const log = await logWith(
    [
      [0, { kind: "submitted", job }],
      [0, placed],
      [
        10,
        { kind: "launch-observed", jobId: job.id, epoch: 1, region, status: { kind: "exited", exitCode: 0 } },
      ],
    ],
    base,
  );
  const { state: end, workload } = await recorded(await readBackup(log));
  expect(workload!.said.map(({ atSeconds, fact }) => [atSeconds, fact.kind])).toEqual([
    [0, "region-cordoned"],
    [0, "capacity-changed"],
    [0, "price-changed"],
    [0, "link-changed"],
  ]);
  expect(workload!.said.at(-1)!.fact).toMatchObject({ latencySeconds: 0.2, observedAtSeconds: -100 });
  expect(workload!.results).toHaveLength(1);
  // And if nothing has happened since.
  const nothingMore = await logWith([], JSON.parse(end.canonical) as Snapshot);
  expect((await recorded(await readBackup(nothingMore))).workload!.results).toEqual(workload!.results);
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

test("restored and backed up again, without a service, the events are the same and say so; nothing is restored over anything", async () => {
  const state = join(folder, "restored");
  const restored = await bace(["restore", file, "--state", state]);
  expect([restored.exitCode, restored.err]).toEqual([0, expect.stringContaining("bace up --state")]);
  const again = join(folder, "again.jsonl");
  const backedUp = await bace(["backup", again, "--state", state]);
  expect(backedUp.exitCode).toBe(0);
  const restoredEvents = eventsOf(again);
  expect(JSON.parse(restoredEvents.pop()!)).toMatchObject({ kind: "restored" });
  expect(restoredEvents).toEqual(eventsOf(file));
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
