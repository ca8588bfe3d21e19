// GeoPipe mode: the fastest micro-batch size, sequence length and extra forwards of a job on a placement.
export type { Bubble, ForwardsSearch, TimedForwards } from "./forwards.ts";
export { type EfficiencySource, type GridPoint, hasModel, type ModelJob, type RefusedPoint } from "./grid.ts";
export {
  type PointOverMemory,
  type TimedPoint,
  type TunePoint,
  type TuneRequest,
  type TuneResult,
  tune,
} from "./tune.ts";
