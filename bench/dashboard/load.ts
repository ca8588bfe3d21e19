// Ten thousand jobs in a service, and what goes on among them: facts through its writer, as ranks and people would bring them.
import { setTimeout as sleep } from "node:timers/promises";
import type { Fact, Job, State } from "../../packages/core/src/index.ts";
import { parseJobs, parseScenario } from "../../packages/core/src/spec/index.ts";
import { jobText, type TestService } from "../../packages/server/test/support/service.ts";

/** Three in a region of 32: some jobs have to span two. */
const GPUS = 3;
const BATCH = 500;
const TICK_SECONDS = 0.1;
/** One job ends, is forgotten and replaced. */
const TURNOVER_SECONDS = 0.5;
const PRICES_SECONDS = 10;
const PRICES_AT_ONCE = 10;

/** The same job under other names. */
export function jobMaker(scenario: string): (i: number, nowSeconds: number) => Job {
  const { fleet } = readable(parseScenario(scenario, "fleet.yaml"));
  const text = jobText("job", { gpus: GPUS, iterations: 1_000_000 });
  const [job] = readable(parseJobs(text, "job.yaml", fleet, { efficiency: 0.4 }));
  return (i, nowSeconds) => ({ ...job!, id: `job-${i}`, submitSeconds: nowSeconds });
}

function readable<T>(parsed: { ok: true; value: T } | { ok: false; diagnostics: unknown }): T {
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.diagnostics));
  return parsed.value;
}

/** Submits them all, and lets so many waves of those that are placed run and finish. */
export async function fill(
  { writer }: TestService,
  make: ReturnType<typeof jobMaker>,
  count: number,
  waves: number,
): Promise<void> {
  for (let from = 0; from < count; from += BATCH) {
    const many = Math.min(BATCH, count - from);
    await writer.commit(() =>
      Array.from({ length: many }, (_, i): Fact => {
        return { kind: "submitted", job: make(from + i, writer.nowSeconds()) };
      }),
    );
  }
  for (let wave = 0; wave <= waves; wave++) {
    const ids = [...writer.state().active];
    for (let from = 0; from < ids.length; from += BATCH) {
      const some = ids.slice(from, from + BATCH);
      await writer.commit((state) => some.flatMap((id) => [started(state, id), stepped(state, id, 1)]));
      if (wave < waves) await writer.commit((state) => some.flatMap((id) => exited(state, id)));
    }
  }
}

const aboutOf = (state: State, jobId: string) => ({ jobId, epoch: state.jobs.get(jobId)!.epoch!.number });

function started(state: State, jobId: string): Fact {
  const addresses = Array.from({ length: GPUS }, (_, rank) => {
    return { rank, host: "10.0.0.1", port: 5000 + rank, storePort: null };
  });
  return { kind: "gang-started", ...aboutOf(state, jobId), addresses };
}

function stepped(state: State, jobId: string, step: number): Fact {
  return { kind: "progress", ...aboutOf(state, jobId), step, loss: 2 + 3 / step, stepSeconds: 1 };
}

function exited(state: State, jobId: string): readonly Fact[] {
  const { launches } = state.jobs.get(jobId)!.epoch!;
  return Object.keys(launches).map((region) => {
    const status = { kind: "exited", exitCode: 0 } as const;
    return { kind: "launch-observed", ...aboutOf(state, jobId), region, status };
  });
}

/** Steps of running jobs in turn, so many events a second on the whole, with jobs that come and go and prices that move. */
export async function drive(
  { writer }: TestService,
  make: ReturnType<typeof jobMaker>,
  eventsPerSecond: number,
  count: number,
  stop: AbortSignal,
): Promise<void> {
  const since = performance.now();
  const perTick = Math.round(eventsPerSecond * TICK_SECONDS);
  let [next, at, step] = [count, 0, 1];
  const isDue = (tick: number, seconds: number) => tick % Math.round(seconds / TICK_SECONDS) === 0;
  for (let tick = 1; !stop.aborted; tick++) {
    await sleep(Math.max(0, since + 1000 * TICK_SECONDS * tick - performance.now()));
    await writer.commit((state) => {
      const nowSeconds = writer.nowSeconds();
      const facts: Fact[] = [];
      if (isDue(tick, TURNOVER_SECONDS)) facts.push(...turnover(state, make(next++, nowSeconds)));
      if (isDue(tick, PRICES_SECONDS)) facts.push(...prices(state, tick, nowSeconds));
      const running = [...state.active].filter(
        (id) => !facts.some((fact) => "jobId" in fact && fact.jobId === id),
      );
      for (; facts.length < perTick; at++) {
        if (at % running.length === 0) step++;
        const id = running[at % running.length]!;
        const isStarted = state.jobs.get(id)!.phase === "running";
        facts.push(isStarted ? stepped(state, id, step) : started(state, id));
      }
      return facts;
    });
  }
}

function turnover(state: State, job: Job): readonly Fact[] {
  const ended = [...state.jobs.values()].find(({ phase }) => phase === "ended");
  const running = [...state.active].find((id) => state.jobs.get(id)!.phase === "running");
  return [
    ...(running ? exited(state, running) : []),
    ...(ended ? [{ kind: "forgotten", jobIds: [ended.job.id] } as const] : []),
    { kind: "submitted", job },
  ];
}

function prices({ fleet }: State, tick: number, nowSeconds: number): readonly Fact[] {
  const { regions } = fleet!;
  return Array.from({ length: PRICES_AT_ONCE }, (_, i): Fact => {
    const region = regions[(tick + 7 * i) % regions.length]!.name;
    const priceUsdPerKwh = 0.05 + (0.2 * ((tick * 13 + i * 29) % 100)) / 100;
    return { kind: "price-changed", region, priceUsdPerKwh, source: "bench", observedAtSeconds: nowSeconds };
  });
}
