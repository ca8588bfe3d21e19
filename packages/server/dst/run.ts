// One seed: a small fleet, a few jobs, and everything that can go wrong for ten minutes; then nothing does any more, and all
// must come to its end. The same seed gives the same run, event for event.
import { createHash } from "node:crypto";
import { type Event, emptyState, reduce, type State, toSnapshot } from "@bace-pipe/core";
import { type Accounts, createAccounts } from "./accounts.ts";
import { createCluster } from "./cluster.ts";
import { type Disk, openDisk, readState } from "./disk.ts";
import { createSimulatedExecutor, type Underway } from "./executor.ts";
import { createFaults, type FaultKind } from "./faults.ts";
import { createGangs, type Gangs } from "./gangs.ts";
import {
  checkAllowed,
  checkCapacity,
  checkDurable,
  checkEnd,
  checkJobs,
  checkLedger,
  checkOrphans,
  checkPlaced,
  checkPreempted,
  checkProcesses,
  checkPromises,
  checkReserved,
  Violation,
} from "./invariants.ts";
import { createEffectPoints, type Life, type PointCount } from "./lives.ts";
import { operate } from "./operators.ts";
import { annoy, send } from "./people.ts";
import { scenarioOf } from "./scenario.ts";
import { openService, type Service } from "./service.ts";
import { createStorage } from "./storage.ts";
import { createTimeline } from "./timeline.ts";
import { createWire } from "./wire.ts";

export const FAULT_SECONDS = 400;
/** For jobs to end in, once nothing goes wrong: back-offs of five minutes are among what they wait for. */
const QUIET_SECONDS = 6 * 3600;
/** After the last job has ended: longer than anything may be left behind. */
const LEFTOVER_SECONDS = 150;
const CYCLE_SECONDS = 2;
const RESTART_SECONDS = 4;
const CLOCK_STEP_SECONDS = 7200;

export interface Run {
  readonly seed: number;
  /** What was broken, and when, in virtual seconds; undefined where nothing was. */
  readonly violation: string | undefined;
  readonly faults: Readonly<Record<FaultKind, number>>;
  readonly points: ReadonlyMap<string, PointCount>;
  readonly happened: number;
  readonly events: number;
  readonly virtualSeconds: number;
  readonly lives: number;
  /** Appends that several submits shared. */
  readonly groups: number;
  /** How many jobs ended in which way. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** SHA-256 of the log: the same for the same seed. */
  readonly digest: string;
}

export interface RunOptions {
  /** Gets a line for every event of the log, crash and fault-free phase. */
  readonly trace?: (line: string) => void;
}

export async function runSeed(seed: number, { trace = () => {} }: RunOptions = {}): Promise<Run> {
  const world = createWorld(seed, trace);
  let violation: string | undefined;
  try {
    await world.run();
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    violation = `after ${world.timeline.nowSeconds().toFixed(2)} s: ${error.message}`;
  }
  const { disk, faults, points, timeline } = world;
  return {
    ...{ seed, violation, faults: faults.counts, points: points.counts },
    ...{
      happened: timeline.happened(),
      events: disk.events.length,
      lives: world.lives(),
      groups: world.groups(),
    },
    outcomes: world.outcomes(),
    virtualSeconds: timeline.nowSeconds(),
    digest: createHash("sha256").update(disk.events.join("\n")).digest("hex"),
  };
}

function createWorld(seed: number, trace: (line: string) => void) {
  const timeline = createTimeline();
  const faults = createFaults(seed);
  const { submissions, ...setting } = scenarioOf(seed);
  const { fleet } = setting;
  const disk: Disk = { events: [], snapshot: undefined };
  const storage = createStorage();
  const underway: Underway = new Map();
  const watch = { orphanSince: new Map() };
  const shortSince = new Map<string, number>();
  let current: { readonly life: Life; readonly service: Service } | undefined;
  let lives = 0;
  let groups = 0;
  let broken: Violation | undefined;
  let gangs: Gangs;
  const say = (line: string) => trace(`${timeline.nowSeconds().toFixed(2).padStart(9)}  ${line}`);

  const die = (life: Life, point: string): void => {
    if (life.dead) return;
    life.dead = true;
    if (current?.life === life) current = undefined;
    say(`life ${life.number} ends: ${point}`);
    timeline.after(RESTART_SECONDS, () => void live());
  };
  const points = createEffectPoints(seed, faults, die);
  const clusters = fleet.regions.map(({ name }) =>
    createCluster(name, {
      ...{ faults, timeline },
      work: {
        started: (process) => gangs.started(process),
        stopped: (process) => gangs.stopped(process),
        ended: (process) => gangs.ended(process),
      },
    }),
  );
  const clusterOf = (region: string) => clusters.find((cluster) => cluster.region === region)!;

  const wire = createWire(
    () => current?.service.listener,
    (path, _body, { status }) => {
      if (status >= 500 && status !== 503) broken = new Violation(`${path} was answered with ${status}`);
      if (status === 200) heardOf(path);
    },
    { faults, timeline },
  );
  /** Ranks of an epoch that is not the job's newest are never answered as if they were. */
  const heardOf = (path: string): void => {
    const [, jobId, epoch] = path.match(/^\/v1\/launches\/([^/]+)\/(\d+)\//) ?? [];
    if (jobId === undefined || !current) return;
    const newest = current.service.writer.state().jobs.get(jobId)?.epoch?.number;
    if (newest !== Number(epoch)) broken = new Violation(`${path} was heard, in epoch ${newest}`);
  };
  gangs = createGangs({
    ...{ faults, timeline, wire, storage },
    exit: (process, exitCode) => clusterOf(process.region).exit(process, exitCode),
    stepSeconds: () => 1.5,
  });

  const live = async (): Promise<void> => {
    const life: Life = { number: ++lives, dead: false };
    const step = faults.happens("clock-step") ? CLOCK_STEP_SECONDS * (2 * faults.draw("clock-step") - 1) : 0;
    const outside = { faults, points, timeline };
    try {
      const executors = clusters.map((cluster) => createSimulatedExecutor(cluster, underway, life, outside));
      const log = openDisk(disk, life, outside);
      const state = readState(disk);
      const service = await openService({
        ...{ life, log, state, executors, setting, timeline },
        clockErrorSeconds: step,
      });
      if (life.dead) return;
      current = { life, service };
      say(`life ${life.number} begins`);
      service.writer.listen({ appended: heard });
      service.writer.failed.catch((error: Error) => die(life, error.message));
      await cycles(life, service);
    } catch (error) {
      die(life, (error as Error).message);
    }
  };

  /** Whoever listens hears of what is durable; several submits in one append shared it. */
  const heard = (events: readonly Event[]): void => {
    if (events.filter(({ kind }) => kind === "submitted").length > 1) groups++;
    try {
      checkDurable(events.at(-1)!.seq, disk.events.length);
    } catch (error) {
      broken = error as Violation;
    }
  };

  const cycles = async (life: Life, { cycle }: Service): Promise<void> => {
    while (!life.dead) {
      await cycle().catch((error: Error) => say(`cycle failed: ${error.message}`));
      await timeline.sleep(CYCLE_SECONDS);
    }
  };

  // A state of its own, folded from what is durable: invariants do not ask the service what it believes.
  let durable: State = emptyState();
  const accounts: Accounts = createAccounts();
  const gpusOf = new Map(fleet.regions.map(({ gpus, name }) => [name, gpus]));
  /** The most that there has been: what is taken away does not end what runs on it. */
  const raise = (region: string, gpus: number) => gpusOf.set(region, Math.max(gpus, gpusOf.get(region) ?? 0));
  const names = [...new Set(submissions.map(({ name }) => name))];
  const operators = operate(seed, fleet, names, { faults, timeline, wire }, FAULT_SECONDS);
  const promises = send(submissions, { faults, timeline, wire });

  const check = (): void => {
    if (broken) throw broken;
    if (current) checkDurable(current.service.writer.state().seq, disk.events.length);
    let news = false;
    for (const text of disk.events.slice(durable.seq)) {
      const event = JSON.parse(text) as Event;
      accounts.before(event, durable);
      const reserved = durable.ledger?.reservedBitsPerSecond.slice();
      durable = reduce(durable, event);
      say(eventLine(event));
      if (event.kind === "placed") {
        checkPlaced(durable, event.placement);
        checkAllowed(durable, event.jobId);
      }
      if (event.kind === "reservation-changed") checkReserved(durable, reserved!);
      if (event.kind === "preempted") checkPreempted(durable, event.jobId, event.by);
      if (event.kind === "capacity-changed") raise(event.region, event.gpus);
      news = true;
    }
    checkProcesses(clusters, gpusOf);
    checkOrphans(
      clusters,
      durable,
      timeline.nowSeconds(),
      watch,
      !current || timeline.nowSeconds() < FAULT_SECONDS,
    );
    if (timeline.nowSeconds() >= FAULT_SECONDS) checkCapacity(durable, timeline.nowSeconds(), shortSince);
    if (!news) return;
    checkLedger(durable);
    checkJobs(durable, storage);
    checkPromises(durable, promises);
    accounts.check(durable);
  };

  const isDone = () =>
    operators.finished() &&
    durable.jobs.size === names.length &&
    [...durable.jobs.values()].every(({ phase }) => phase === "ended" || phase === "infeasible");

  return {
    ...{ timeline, faults, points, disk },
    lives: () => lives,
    groups: () => groups,
    outcomes(): Record<string, number> {
      const counts: Record<string, number> = {};
      for (const { outcome, phase } of durable.jobs.values())
        counts[outcome?.kind ?? phase] = (counts[outcome?.kind ?? phase] ?? 0) + 1;
      return counts;
    },
    async run(): Promise<void> {
      timeline.after(0, () => void live());
      annoy({ faults, timeline, wire }, FAULT_SECONDS);
      const weather = () => {
        for (const cluster of clusters) cluster.weather();
        if (timeline.nowSeconds() < FAULT_SECONDS) timeline.after(1, weather);
      };
      weather();
      await timeline.run(FAULT_SECONDS, check);
      faults.stop();
      say("nothing goes wrong any more");
      await timeline.run(FAULT_SECONDS + QUIET_SECONDS, check, isDone);
      await timeline.run(timeline.nowSeconds() + LEFTOVER_SECONDS, check); // and nothing is left behind
      checkEnd(durable);
      const replayed = readState({ events: disk.events, snapshot: undefined });
      if (JSON.stringify(toSnapshot(replayed)) !== JSON.stringify(toSnapshot(readState(disk))))
        throw new Violation("the newest snapshot and a replay from the start differ");
    },
  };
}

function eventLine(event: Event): string {
  const of = "jobId" in event ? ` ${event.jobId}` : "";
  const epoch = "epoch" in event ? `.${event.epoch}` : "";
  const status = event.kind === "launch-observed" ? ` ${event.region} ${JSON.stringify(event.status)}` : "";
  return `event ${event.seq} ${event.kind}${of}${epoch}${status}`;
}
