// A scenario's text simulated under several policies, as `bace simulate` does it. Runs in a worker.
import { deviation } from "@bace-pipe/core/format";
import {
  completionTimes,
  costsOf,
  createRecorder,
  csvText,
  drawable,
  FIGURES,
  heldByRegion,
  jsonText,
  meanOf,
  type Named,
  RESULT_COLUMNS,
  type Recorder,
  ranks,
  type SimulationReport,
  simulationReport,
  unfinishedText,
} from "@bace-pipe/core/shell";
import { type FileReader, parseScenario } from "@bace-pipe/core/spec";
import type { Beside, Cell, Completion, Done, Held, Progress, Refused, Request } from "./request.ts";

/** @param tell called at every instant of every simulation: whoever listens has to leave most of it out */
export function simulated(request: Request, tell: (progress: Progress) => void): Done | Refused {
  const { beside, file, policies, seed, text, timeModel, version } = request;
  const parsed = parseScenario(text, file, { seed, readFile: readerOf(beside) });
  if (!parsed.ok)
    return { kind: "refused", diagnostics: parsed.diagnostics, texts: { ...beside, [file]: text } };
  const scenario = parsed.value;
  const recorders = new Map<string, Recorder>();
  const observe = (policy: string): Recorder["observe"] => {
    const recorder = createRecorder();
    recorders.set(policy, recorder);
    const place = recorders.size;
    return (state) => {
      recorder.observe(state);
      tell({
        ...{ kind: "progress", policy, place, policies: policies.length },
        simulatedSeconds: state.nowSeconds,
        runningJobs: state.active.size,
        waitingJobs: state.queued.size,
      });
    };
  };
  const reported = simulationReport({ file, text }, scenario, {
    version,
    policies,
    seed,
    timeModel,
    observe,
  });
  if (!reported.ok) return { kind: "refused", diagnostics: [], problem: reported.problem, texts: {} };
  return doneOf(reported.value, recorders, scenario.warnings);
}

/** By the path as it is written, or by the name alone: a browser does not tell in which folder an opened file is. */
function readerOf(beside: Beside): FileReader {
  return (path) => {
    const file = [path, path.split("/").at(-1)!].find((name) => Object.hasOwn(beside, name));
    if (file !== undefined) return { file, text: beside[file]! };
    return { problem: `there is no file ${path}`, hint: "open it together with the scenario" };
  };
}

function doneOf(
  report: SimulationReport,
  recorders: ReadonlyMap<string, Recorder>,
  warnings: Done["warnings"],
): Done {
  const { policies, ...run } = report;
  const results = Object.entries(policies);
  const names = results.map(([name]) => name);
  const reference = results.find(([name]) => name === "bace") ?? results[0]!;
  const columns = RESULT_COLUMNS.filter(({ wide }) => !wide);
  const endSeconds = Math.max(...results.map(([, { makespanSeconds }]) => makespanSeconds));
  const traces = [...recorders].map(([policy, recorder]) => [policy, recorder.trace()] as const);
  return {
    kind: "done",
    about: { ...run, policies: names },
    headings: columns.map(({ heading }) => heading),
    rows: results.map((named) => columns.map((column) => cellOf(column, named, reference))),
    unfinished: unfinishedText(results),
    warnings,
    completion: results.map(completionOf),
    costs: traces.flatMap(([policy, trace]) =>
      [...costsOf(trace, policies[policy]!)].map(([where, usd]) => ({ policy, where, usd })),
    ),
    held: traces.flatMap(([policy, trace]) => {
      const steps = heldByRegion(trace, endSeconds);
      return trace.regions.map(({ gpus, name }): Held => {
        const exact = steps.get(name)!;
        const meanGpus = meanOf(exact, endSeconds);
        return { policy, region: name, gpus, meanGpus, steps: drawable(exact, endSeconds) };
      });
    }),
    endSeconds,
    json: jsonText(report),
    csv: csvText(report),
  };
}

function cellOf(column: (typeof RESULT_COLUMNS)[number], named: Named, reference: Named): Cell {
  const text = column.cell(named);
  const figure = FIGURES.find(([heading]) => heading === column.heading);
  if (!figure || named === reference) return { text };
  const [, value] = figure;
  return { text, against: deviation(value(named[1]), value(reference[1])) };
}

function completionOf([policy, { jobs }]: Named): Completion {
  const times = completionTimes(jobs, ({ jctSeconds }) => jctSeconds);
  const within = (share: number) => times[Math.ceil(share * jobs.length) - 1] ?? null;
  return {
    policy,
    points: ranks(times, jobs.length),
    medianSeconds: within(0.5),
    p95Seconds: within(0.95),
  };
}
