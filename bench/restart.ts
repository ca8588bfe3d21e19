// `npx tsx bench/restart.ts`: how long a service with ten thousand jobs that run takes to be itself again. All are placed and
// have started, on a fake executor that knows their launches; then everything in memory is given up without a last
// snapshot, as in a crash, and the service is opened anew on the same PostgreSQL. `--jobs N` for another number.
//   session      until the database has been asked for the lock
//   log          until snapshot and later events have been folded
//   wiring       until the app and the loop are there
//   observation  the first cycle: every launch listed, compared, and none started or ended
import { parseArgs } from "node:util";
import { createPolicy, type Fact } from "../packages/core/src/index.ts";
import { parseJobs, parseScenario } from "../packages/core/src/spec/index.ts";
import { openLog } from "../packages/server/src/store/log.ts";
import type { Writer } from "../packages/server/src/writer.ts";
import { createFakeExecutor, type FakeExecutor } from "../packages/server/test/support/fake-executor.ts";
import { jobText, openService } from "../packages/server/test/support/service.ts";
import { secondsNow, show, sixRegions, WALL_CLOCK, withPostgres } from "./service-bench.ts";

const GPUS = 2;
const BATCH = 500;
const CYCLES = 5;

const { values } = parseArgs({ options: { jobs: { type: "string", default: "10000" } } });
const JOBS = Number(values.jobs);
const SCENARIO = sixRegions(Math.ceil((JOBS * GPUS) / 6) + GPUS);

/** Read once: the same job under other names. */
async function submitAll(writer: Writer): Promise<void> {
  const scenario = parseScenario(SCENARIO, "six-regions.yaml");
  if (!scenario.ok) throw new Error(JSON.stringify(scenario.diagnostics));
  const text = jobText("job", { gpus: GPUS, iterations: 1000 });
  const parsed = parseJobs(text, "job.yaml", scenario.value.fleet, { efficiency: 0.4 });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.diagnostics));
  const [job] = parsed.value;
  const submitted = (i: number): Fact => ({
    kind: "submitted",
    job: { ...job!, id: `job-${i}`, submitSeconds: WALL_CLOCK.seconds },
  });
  for (let from = 0; from < JOBS; from += BATCH) {
    const count = Math.min(BATCH, JOBS - from);
    await writer.commit(() => Array.from({ length: count }, (_, i) => submitted(from + i)));
  }
}

/** Every gang meets, and reports ten steps. */
async function startAll(writer: Writer): Promise<void> {
  const ids = [...writer.state().active];
  const address = (rank: number) => ({ rank, host: "10.0.0.1", port: 5000 + rank, storePort: null });
  const addresses = Array.from({ length: GPUS }, (_, rank) => address(rank));
  for (let from = 0; from < ids.length; from += BATCH) {
    await writer.commit(({ jobs }) =>
      ids.slice(from, from + BATCH).flatMap((jobId): Fact[] => {
        const about = { jobId, epoch: jobs.get(jobId)!.epoch!.number };
        const steps = Array.from({ length: 10 }, (_, i) => i + 1);
        return [
          { kind: "gang-started", ...about, addresses },
          ...steps.map((step): Fact => ({ kind: "progress", ...about, step, loss: 4, stepSeconds: 1 })),
        ];
      }),
    );
  }
}

function refuseOtherThan(expected: boolean, what: string): void {
  if (!expected) throw new Error(`the measurement is of something else: ${what}`);
}

const startsOf = ({ starts }: FakeExecutor) => [...starts.values()].reduce((sum, count) => sum + count, 0);

await withPostgres(async (open) => {
  const executor = createFakeExecutor();
  const openOn = async (on: Awaited<ReturnType<typeof open>>) =>
    openService(on, executor, WALL_CLOCK, createPolicy("bace"), { scenario: SCENARIO });

  let database = await open();
  const before = await openOn(database);
  const sincePlacing = secondsNow();
  await submitAll(before.writer);
  await before.writer.commit(() => []);
  show(`${JOBS} jobs submitted and placed`, secondsNow() - sincePlacing, "s");
  const sinceStarting = secondsNow();
  await before.loop.cycle();
  await before.loop.cycle();
  show("their launches submitted and observed", secondsNow() - sinceStarting, "s");
  await startAll(before.writer);
  const { active, jobs, seq } = before.writer.state();
  const running = [...active].filter((id) => jobs.get(id)!.phase === "running").length;
  refuseOtherThan(running === JOBS && startsOf(executor) === JOBS, `${running} of ${JOBS} jobs run`);
  await database.close();

  const since = secondsNow();
  database = await open();
  const session = secondsNow();
  await openLog(database);
  const read = secondsNow();
  const after = await openOn(database);
  const wired = secondsNow();
  await after.loop.cycle();
  const reconciled = secondsNow();
  const log = read - session;
  show(`restart: ${seq} events, ${JOBS} jobs that run`, reconciled - since - log, "s until reconciled");
  show("  session", session - since, "s");
  show("  log: snapshot and later events", log, "s");
  show("  wiring", wired - read - log, "s");
  show("  first observation, of every launch", reconciled - wired, "s");
  refuseOtherThan(
    startsOf(executor) === JOBS && executor.cancelled.length === 0 && after.writer.state().seq === seq,
    "the restart has started, ended or written something",
  );
  const sinceCycles = secondsNow();
  for (let i = 0; i < CYCLES; i++) await after.loop.cycle();
  show("a later cycle", (secondsNow() - sinceCycles) / CYCLES, "s");
  await database.close();
});
