// Wire format of the REST API, version 1: one zod schema per body gives validation, types and the OpenAPI document.
// Times are seconds since 1970 on the service's clock; field names end in their unit.
export * from "./audit.ts";
export * from "./decisions.ts";
export * from "./explanation.ts";
export * from "./inputs.ts";
export * from "./jobs.ts";
export * from "./launch-logs.ts";
export * from "./launches.ts";
export * from "./live.ts";
export * from "./problem.ts";
export * from "./queue.ts";
export * from "./regions.ts";
export * from "./report.ts";
export * from "./series.ts";
export * from "./service.ts";
export * from "./steps.ts";
export * from "./timeline.ts";
export * from "./tokens.ts";
export * from "./totals.ts";
