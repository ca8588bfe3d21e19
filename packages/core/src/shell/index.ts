// What the command line and the dashboard have in common: what a simulation and a comparison of schedules are of, what
// they come to, and how that is shown. Pure, as all of core; no other folder imports it. Public as "@bace-pipe/core/shell".
export type { Column } from "./column.ts";
export { type Excerpt, excerptOf } from "./excerpt.ts";
export { jsonText } from "./json.ts";
export { type Provenance, provenanceOf } from "./provenance.ts";
export { legendOf, rowsOf, scheduleColumns } from "./schedule/columns.ts";
export { type Cut, type PipelineFlags, pipelineOfFlags } from "./schedule/flags.ts";
export {
  bestOf,
  type Measured,
  measuredCandidates,
  namesOf,
  noScheduleProblem,
  type Outcome,
  pictureOf,
  type ScheduleCandidate,
  type Status,
  statusOf,
} from "./schedule/outcome.ts";
export { type Figures, type Result, type ResultCandidate, resultOf } from "./schedule/result.ts";
export { FIGURES, type Named, RESULT_COLUMNS, unfinishedText } from "./simulate/columns.ts";
export { completionTimes, MOST_RANKS, ranks } from "./simulate/completion.ts";
export { costsOf, IDLE } from "./simulate/costs.ts";
export { heldByRegion } from "./simulate/held.ts";
export { csvText, jsonLines } from "./simulate/records.ts";
export {
  ALL_POLICIES,
  DEFAULT_POLICIES,
  type Problem,
  type SimulationOptions,
  type SimulationReport,
  simulationReport,
  unknownPolicy,
} from "./simulate/report.ts";
export { addOver, drawable, MOST_STEPS, meanOf, type Step, stepsOf, valueAt } from "./simulate/steps.ts";
export { createRecorder, type Instant, type Recorder, type Run, type Trace } from "./simulate/trace.ts";
export { type TimeUnit, timeUnit } from "./time-unit.ts";
