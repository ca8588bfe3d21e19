/**
 * Pipeline schedules: what ranks do in which order (`generate`), and passes that check, lower, time and draw
 * it.
 */

export { type CompiledSchedule, compileSchedule } from "./compile.ts";
export { type Evaluation, evaluateSchedule, generateSchedule } from "./evaluate.ts";
export { type ChromeTrace, chromeTrace, type TraceEvent } from "./export/chrome-trace.ts";
export { type ScheduleName, scheduleNames, type TimedGenerator, timedGenerators } from "./generate/index.ts";
export { extraForwardsOf, hidingForwards, warmupOneFOneB } from "./generate/one-f-one-b.ts";
export type { Generator, PipelineShape } from "./generate/shape.ts";
export { type GeneratorName, generatorNames, generators } from "./generate/static.ts";
export { iterationSeconds } from "./iteration-time.ts";
export { lowerSchedule, type Transport } from "./lower.ts";
export { oneFOneBSeconds } from "./one-f-one-b-time.ts";
export { renderTimeline } from "./picture/timeline.ts";
export { chunksOfStage, type Pipeline, timingOf } from "./pipeline.ts";
export {
  type Action,
  type ActionKind,
  actionName,
  type CommunicationKind,
  type ComputeKind,
  isCommunication,
  peerStage,
  rankOf,
  type Schedule,
  stagesOfRank,
} from "./schedule.ts";
export { type ExposedCommunication, type ScheduleStats, scheduleStats } from "./stats.ts";
export { type TimedSchedule, timeSchedule } from "./time.ts";
export { chainLinks, type GradientSync, type Hop, type Link, type Timing } from "./timing.ts";
export type { PlacedAction, ScheduleProblem, ScheduleProblemCode } from "./validate/problem.ts";
export { validateSchedule } from "./validate.ts";
