// Importers of public data: pure functions from text to values, warnings and complaints.
export { type FleetOptions, fleetYaml, type ImportedRegion } from "./fleet.ts";
export { type HourlySeries, hourlySeries, type SeriesOptions, type SeriesQuantity } from "./hourly.ts";
export type { Imported, NamedText } from "./imported.ts";
export { nameOf } from "./imported.ts";
export { jobsYaml } from "./jobs.ts";
export {
  type MeasuredLink,
  type MissingLink,
  NETWORK_TIERS,
  type NetworkTier,
  type SkyplaneFiles,
  type SkyplaneNetwork,
  skyplaneNetwork,
  withoutZone,
} from "./skyplane.ts";
export { TRACE_DEFAULTS, type TracedJob, type TraceOptions, tracedJobs } from "./traces.ts";
export { formatUtc, parseInstant } from "./utc.ts";
export { measuredWan, type Wan, type WanLink, type WanRegion, zoneSeries } from "./wan.ts";
export { commonWindow, type SourcedSeries, type Window } from "./window.ts";
