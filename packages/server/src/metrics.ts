// What Prometheus may ask for: base units, counters that end in _total, times in _seconds. What the state says is counted
// when somebody asks; the rest as it happens.
import type { Event, Phase, State } from "@bace-pipe/core";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Executor } from "./executors/executor.ts";

const PHASES: readonly Phase[] = ["queued", "infeasible", "starting", "running", "stopping", "ended"];
const SECONDS = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10];

export interface Metrics {
  appended(events: readonly Event[], seconds: number): void;
  decided(seconds: number): void;
  cycled(seconds: number): void;
  /** The executor, whose answers are counted. */
  counting(executor: Executor): Executor;
  /** @param code of the problem, where the request was refused */
  answered(route: string, status: number, code: string | null): void;
  /** @param codes of what went wrong; none where nothing did */
  fed(feed: string, codes: readonly string[], atSeconds: number): void;
  /** What there is, in the order of names. */
  described(): readonly DescribedMetric[];
  /** In the text format of Prometheus. */
  text(): Promise<string>;
  readonly contentType: string;
}

/** What prom-client's metrics hold, of which its types say only a part. */
type Made = Pick<DescribedMetric, "name" | "help"> & { readonly labelNames: readonly string[] };

export interface DescribedMetric {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labels: readonly string[];
}

export function createMetrics(state: () => State): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const histogram = (name: string, help: string) =>
    new Histogram({ name, help, buckets: SECONDS, registers });
  const appendSeconds = histogram("bace_append_seconds", "Time to store events");
  const decideSeconds = histogram("bace_decide_seconds", "Time that a decision took");
  const cycleSeconds = histogram("bace_cycle_seconds", "Time of a cycle of the loop");
  const events = new Counter({
    ...{ name: "bace_events_appended_total", help: "Events stored", labelNames: ["kind"], registers },
  });
  const answers = new Counter({
    name: "bace_executor_answers_total",
    help: "Answers of executors",
    labelNames: ["executor", "call", "answer"],
    registers,
  });
  const requests = new Counter({
    name: "bace_http_requests_total",
    help: "Requests answered",
    labelNames: ["route", "status"],
    registers,
  });
  const rejections = new Counter({
    ...{ name: "bace_http_rejections_total", help: "Requests refused", labelNames: ["code"], registers },
  });
  const feedAnswers = new Counter({
    name: "bace_feed_answers_total",
    help: "Answers of feeds, good ones and failures by their codes",
    labelNames: ["feed", "answer"],
    registers,
  });
  const feedSuccess = new Gauge({
    name: "bace_feed_last_success_timestamp_seconds",
    help: "When a feed last answered without a failure, since 1970",
    labelNames: ["feed"],
    registers,
  });
  new Gauge({
    name: "bace_jobs",
    help: "Jobs by phase",
    labelNames: ["phase"],
    registers,
    collect() {
      const counts = new Map<Phase, number>(PHASES.map((phase) => [phase, 0]));
      for (const { phase } of state().jobs.values()) counts.set(phase, (counts.get(phase) ?? 0) + 1);
      for (const [phase, count] of counts) this.set({ phase }, count);
    },
  });
  new Gauge({
    name: "bace_region_gpus",
    help: "GPUs of a region, all and free",
    labelNames: ["region", "of"],
    registers,
    collect() {
      this.reset(); // a region may be gone
      const { fleet, ledger } = state();
      fleet?.regions.forEach(({ gpus, name: region }, i) => {
        this.set({ region, of: "total" }, gpus);
        this.set({ region, of: "free" }, ledger!.freeGpus[i]!);
      });
    },
  });

  return {
    appended(appended, seconds) {
      appendSeconds.observe(seconds);
      for (const { kind } of appended) events.inc({ kind });
    },
    decided: (seconds) => decideSeconds.observe(seconds),
    cycled: (seconds) => cycleSeconds.observe(seconds),
    counting(executor) {
      const { name } = executor.capabilities;
      const count = (call: string, answer: string) => answers.inc({ executor: name, call, answer });
      return {
        ...executor,
        async submit(...args) {
          const answer = await executor.submit(...args);
          count("submit", answer.kind);
          return answer;
        },
        async find(key) {
          const answer = await executor.find(key);
          count("find", answer.kind);
          return answer;
        },
        async list() {
          try {
            const launches = await executor.list();
            count("list", "listed");
            return launches;
          } catch (error) {
            count("list", "failed");
            throw error;
          }
        },
      };
    },
    answered(route, status, code) {
      requests.inc({ route, status });
      if (code !== null) rejections.inc({ code });
    },
    fed(feed, codes, atSeconds) {
      if (codes.length === 0) feedSuccess.set({ feed }, atSeconds);
      for (const answer of codes.length > 0 ? codes : ["good"]) feedAnswers.inc({ feed, answer });
    },
    described: () =>
      // Its types leave out what a metric was made with; a histogram's own label is its buckets'.
      (registry.getMetricsAsArray() as unknown as readonly Made[])
        .map((metric) => ({
          name: metric.name,
          type:
            metric instanceof Counter
              ? ("counter" as const)
              : metric instanceof Gauge
                ? ("gauge" as const)
                : ("histogram" as const),
          help: metric.help,
          labels: metric.labelNames,
        }))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
