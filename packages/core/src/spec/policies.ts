// Options of policies, as a scenario may set them. What each means is documented where the policy is.
import { z } from "zod";
import { EXACT_REGIONS } from "../scheduler/path/subsets.ts";

const roundOptions = {
  queue: z.enum(["skip", "block", "backfill"]),
  start: z.enum(["exact", "minimum"]),
  reorder: z.enum(["round", "start"]),
  bandwidthNeed: z.enum(["forward", "full"]),
};

const baceOptions = z
  .strictObject({
    ...roundOptions,
    order: z.enum(["priority", "fcfs"]),
    alpha: z.enum(["mean", "max"]),
    normalization: z.enum(["max", "rank"]),
    pathfinder: z.enum(["bandwidth-aware", "largest-region", "any-path"]),
    seed: z.enum(["most-free", "cheapest", "all"]),
    ends: z.enum(["tail", "both"]),
    trim: z.boolean(),
    allocation: z.enum(["cost-min", "path-order", "proportional"]),
  })
  .partial();

const baselineOptions = z
  .strictObject({
    ...roundOptions,
    hopTest: z.enum(["floor", "need"]),
    hopFloorShare: z.number().min(0).max(1),
  })
  .partial();

const weight = z.number().min(0);

const plusOptions = z
  .strictObject({
    timeWeight: weight,
    costWeight: weight,
    carbonWeight: weight,
    exactRegions: z.number().int().min(1).max(EXACT_REGIONS),
    hideLatency: z.boolean(),
    waitGain: weight,
    patience: weight,
    horizonPrices: z.boolean(),
    deferral: z.boolean(),
    finalists: z.number().int().min(1).max(64),
  })
  .partial();

export const policiesSchema = z
  .strictObject({
    bace: baceOptions,
    "bace-no-priority": baceOptions,
    "bace-no-pathfinder": baceOptions,
    "bace-no-costmin": baceOptions,
    lcf: baselineOptions,
    ldf: baselineOptions,
    "cr-lcf": baselineOptions,
    "cr-ldf": baselineOptions,
    fcfs: baceOptions,
    srpt: baceOptions,
    easy: baceOptions,
    "bace-plus": plusOptions,
  })
  .partial();
