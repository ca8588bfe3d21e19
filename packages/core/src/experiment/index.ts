// Simulation studies: random scenarios, what is compared, and what the paper says. Public as "@bace-pipe/core/experiment".
export * from "./contenders.ts";
export * from "./deadlines.ts";
export * from "./directions.ts";
export * from "./draw.ts";
export * from "./scale.ts";
export * from "./statistics.ts";
