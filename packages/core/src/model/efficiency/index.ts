// The time model's efficiency: predict a run, calibrate by measured ones.
export { type EfficiencyOptions, efficiencyOf } from "./efficiency-of.ts";
export {
  type ErrorSummary,
  errorsOf,
  heldOutErrors,
  leaveOneSourceOut,
  type SourceErrors,
  summarizeErrors,
  systemsOf,
} from "./evaluate.ts";
export { calibrate, fitDefaults, type MeasuredRun } from "./fit.ts";
export type { Gpu } from "./hardware.ts";
export type { StageWork } from "./loads.ts";
export { predictRun, type RunPrediction, type TrainingRun } from "./predict.ts";
export { readPublishedRow } from "./published-row.ts";
export { calibrateSystems, type SystemCalibration } from "./report.ts";
export {
  type Cells,
  MEASURE_COLUMNS,
  OPTIONAL_COLUMNS,
  REQUIRED_COLUMNS,
  type ReadRow,
  type RowColumn,
} from "./row-columns.ts";
export { DEFAULT_TERMS, TERM_NAMES, type TermName, type TimeTerms } from "./terms.ts";
