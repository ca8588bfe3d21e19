// `npm run bench [-- PART …]`: every benchmark whose name contains one of the parts, one table, each figure beside the
// range that is expected of it (ranges.json). Exits with 1 if one is outside. Alone on a machine of two cores it takes
// about six minutes. The trace is not part of the repository: PHILLY_TRACE=FILE.csv says where it is.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { randomStream } from "../packages/core/src/simulator/random.ts";
import { decisionFigures } from "./decisions.ts";
import { exactPathTimes } from "./exact-paths.ts";
import { complaints, type Figure, figureText, readRanges, TABLE_HEAD } from "./figures.ts";
import { scheduleFigures } from "./schedules.ts";
import { simulationFigures } from "./simulations.ts";
import { type TraceRun, traceFile } from "./trace.ts";

type Benchmark = () => Iterable<Figure>;

const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  simulation: simulationFigures,
  decision: decisionFigures,
  schedule: scheduleFigures,
  "exact path search": function* () {
    for (const { quickestMicroseconds, regionCount, widestMicroseconds } of exactPathTimes(
      randomStream(1, "path-search"),
      [6, 8, 10, 12, 14],
    )) {
      yield { name: `exact path search, ${regionCount} regions: widest`, value: widestMicroseconds };
      yield { name: `exact path search, ${regionCount} regions: quickest`, value: quickestMicroseconds };
    }
  },
  trace: function* () {
    if (traceFile() === undefined) {
      process.stderr.write("trace: left out; PHILLY_TRACE=FILE.csv says where Microsoft's Philly trace is\n");
      return;
    }
    for (const policy of ["bace", "bace-plus"]) yield* traceFigures(policy);
  },
};

const parts = process.argv.slice(2);
const ranges = readRanges(new URL("ranges.json", import.meta.url));
const figures: Figure[] = [];
process.stdout.write(`${TABLE_HEAD}\n`);
for (const [name, benchmark] of Object.entries(BENCHMARKS)) {
  if (parts.length > 0 && !parts.some((part) => name.includes(part))) continue;
  for (const figure of benchmark()) {
    figures.push(figure);
    process.stdout.write(`${figureText(figure, ranges)}\n`);
  }
}
const problems = complaints(figures, ranges);
for (const problem of problems) process.stderr.write(`${problem}\n`);
process.exitCode = problems.length > 0 || figures.length === 0 ? 1 : 0;

/** In a process of its own, so that its peak memory is its own. */
function traceFigures(policy: string): Figure[] {
  const script = fileURLToPath(new URL("trace.ts", import.meta.url));
  const flags = ["--expose-gc", "--import", "tsx", script, policy];
  const run: TraceRun = JSON.parse(execFileSync(process.execPath, flags, { encoding: "utf8" }));
  const of = `trace, ${run.jobs} jobs, ${run.gpus} GPUs in 20 regions, ${policy}`;
  return [
    { name: `${of}: whole run`, value: run.seconds },
    { name: `${of}: events`, value: run.events / run.seconds },
    { name: `${of}: finished`, value: (100 * run.finishedJobs) / run.jobs },
    { name: `${of}: peak memory`, value: run.peakMb },
    { name: `${of}: held at most`, value: run.mostHeldMb },
    { name: `${of}: held when no job is left`, value: run.endHeldMb },
    { name: `${of}: most jobs alive`, value: run.mostLiveJobs },
  ];
}
