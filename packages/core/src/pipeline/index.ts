/**
 * Pipeline schedules: what ranks do in which order (`generate`), and passes that check, lower, time and draw
 * it.
 */

export {
  bandwidthPoint,
  type Crossing,
  floorBitsPerSecond,
  forwardsToHide,
  mostUsefulForwards,
  steadyBandwidth,
  steadyDelay,
} from "./bandwidth-point.ts";
export { lowerBoundSeconds } from "./bound/bound.ts";
export { type Candidate, type Comparison, compareSchedules, gapOf } from "./compare.ts";
export { actionOf, type CompiledSchedule, compileSchedule } from "./compile.ts";
export { type Evaluation, evaluateSchedule, generateSchedule } from "./evaluate.ts";
export { exactModel } from "./exact/model.ts";
export { scheduleOf, startsOf, startsOneByOne } from "./exact/solution.ts";
export {
  type CancelSignal,
  type ExactModel,
  type ExactOptions,
  type ExactSolution,
  type ExactSolver,
  type ExactStatus,
  endOf,
  satisfies,
} from "./exact/solver.ts";
export { type ExactForm, lowerBoundUnits } from "./exact/units.ts";
export { type ChromeTrace, chromeTrace, type TraceEvent } from "./export/chrome-trace.ts";
export { torchCsv, torchRefusal } from "./export/torch-csv.ts";
export { crosspipeSchedule, crosspipeSeconds } from "./generate/crosspipe/index.ts";
export { type ScheduleName, scheduleNames, type TimedGenerator, timedGenerators } from "./generate/index.ts";
export { extraForwardsOf, hidingForwards, warmupOneFOneB } from "./generate/one-f-one-b.ts";
export type { Generator, PipelineShape } from "./generate/shape.ts";
export { type GeneratorName, generatorNames, generators } from "./generate/static.ts";
export { fittingForwards } from "./generate/warmup.ts";
export { iterationSeconds } from "./iteration-time.ts";
export { lowerSchedule, type Transport } from "./lower.ts";
export { oneFOneBSeconds } from "./one-f-one-b-time.ts";
export { type PageOptions, timelinePage } from "./picture/html.ts";
export { type PictureOptions, svgElement as timelineElement, timelineSvg } from "./picture/svg.ts";
export { renderTimeline, type TimelineOptions } from "./picture/timeline.ts";
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
