// Everything that turns text into the types of core: for shells only.

export { type CsvRow, type CsvTable, readCsv } from "./csv.ts";
export { CODES, type Diagnostic, type DiagnosticCode, nameHint, type Parsed } from "./diagnostic.ts";
export {
  type Currencies,
  type FeedSource,
  type FeedSourceOf,
  type FeedsConfig,
  type FeedToken,
  feedsSchema,
  parseFeeds,
} from "./feeds.ts";
export * from "./import/index.ts";
export { type InputsInput, inputsSchema, parseInputs } from "./inputs.ts";
export type { JobOptions } from "./job.ts";
export {
  goodputOf,
  type LinkEntry,
  type LinkProbe,
  linkEntries,
  linkProbeSchema,
  type ProbeDirection,
} from "./link-probe.ts";
export { measuredRuns } from "./measured-runs.ts";
export {
  type PipelineInput,
  type PipelineSpec,
  parsePipeline,
  pipelineOf,
  pipelineSchema,
  type ScheduleRequest,
  scheduleRequest,
} from "./pipeline.ts";
export { planSchema } from "./plan.ts";
export {
  type MeasuredFigures,
  measuredFiguresSchema,
  type Profile,
  parseProfile,
  profileSchema,
} from "./profile.ts";
export { type ProfileTarget, presetTarget, profileTargets } from "./profile-target.ts";
export type { FileReader, ReferencedFile, ScenarioOptions } from "./reading.ts";
export { parseJobs, parseScenario, type Scenario } from "./scenario.ts";
export { type JobInput, jobFileSchema, jobSchema, scenarioSchema } from "./schema.ts";
export { jobNames } from "./workload.ts";
