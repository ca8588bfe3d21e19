// What `bace experiment paper` runs, section by section.
import {
  BASELINES,
  type Family,
  LENIENT_BASELINES,
  PLUS_ABLATIONS,
  type Scale,
  STUDY_POLICIES,
  TREND_SCALES,
  UNSCALED,
} from "@bace-pipe/core/experiment";
import { type Task, taskId } from "./task.ts";

export const BANDWIDTHS = [0.3, 0.5, 0.75, 1, 1.25, 1.5] as const;
export const GPU_SCALES = [0.5, 0.75, 1, 1.25] as const;
export const JOB_COUNTS = [8, 12, 16, 20, 24] as const;
/** Families in which iterations are timed by their schedule and no job has a deadline. */
export const TRUE_FAMILIES = ["paper-like", "wan", "wan-hourly"] as const satisfies readonly Family[];

export const REFERENCES = ["srpt", "easy", "fcfs"] as const;
export const CONTENDERS: readonly string[] = [
  "bace",
  "bace-plus",
  ...BASELINES,
  ...LENIENT_BASELINES,
  ...REFERENCES,
];
export const DEADLINE_CONTENDERS = ["bace", "bace-plus", "plus-no-deferral"] as const;
const SWEPT: readonly string[] = ["bace", "bace-plus", ...BASELINES, ...LENIENT_BASELINES];

export interface Point {
  readonly label: string;
  readonly scale: Scale;
}

export const SWEEPS: readonly { readonly name: string; readonly points: readonly Point[] }[] = [
  {
    name: "bandwidth",
    points: BANDWIDTHS.map((bandwidth) => ({ label: `× ${bandwidth}`, scale: { gpus: 1, bandwidth } })),
  },
  {
    name: "GPUs",
    points: GPU_SCALES.map((gpus) => ({ label: `× ${gpus}`, scale: { gpus, bandwidth: 1 } })),
  },
  {
    name: "jobs",
    points: JOB_COUNTS.map((jobs) => ({ label: `${jobs}`, scale: { gpus: 1, bandwidth: 1, jobs } })),
  },
];

export function defaultTask(scale: Scale): Task {
  return { section: "default point", scenario: { kind: "default" }, scale, contenders: STUDY_POLICIES };
}

export function openTask(seed: number): Task {
  const scenario = { kind: "drawn" as const, family: "paper-open" as const, seed };
  return { section: "open choices", scenario, scale: UNSCALED, contenders: STUDY_POLICIES };
}

export function trendTask(seed: number, scale: Scale): Task {
  const scenario = { kind: "drawn" as const, family: "paper-open" as const, seed };
  return { section: "trends", scenario, scale, contenders: ["bace", ...BASELINES] };
}

/** Ideas of `bace-plus` that a family can tell apart: no deadline, no deferral; flat prices have no horizon. */
export function plusAblations(family: Family): readonly string[] {
  const moot = family === "wan-hourly" ? ["plus-no-deferral"] : ["plus-no-deferral", "plus-price-now"];
  return Object.keys(PLUS_ABLATIONS).filter((name) => !moot.includes(name));
}

export function plusTask(family: Family, seed: number): Task {
  const scenario = { kind: "drawn" as const, family, seed };
  return {
    section: "contenders",
    scenario,
    scale: UNSCALED,
    contenders: [...CONTENDERS, ...plusAblations(family)],
  };
}

export function deadlineTask(seed: number): Task {
  const scenario = { kind: "drawn" as const, family: "wan-deadlines" as const, seed };
  return { section: "deadlines", scenario, scale: UNSCALED, contenders: DEADLINE_CONTENDERS };
}

export function sweepTask(family: Family, seed: number, scale: Scale): Task {
  const scenario = { kind: "drawn" as const, family, seed };
  return { section: "sweep", scenario, scale, contenders: SWEPT };
}

/** Sweeps over random scenarios take a part of the draws: they have many points. */
export function sweepDraws(draws: number): number {
  return Math.max(1, Math.floor(draws / 5));
}

export function seedsOf(draws: number): number[] {
  return Array.from({ length: draws }, (_, i) => i + 1);
}

/** Each once: a sweep's point at which nothing is changed is another's too. */
export function allTasks(draws: number): Task[] {
  const seeds = seedsOf(draws);
  const points = SWEEPS.flatMap((sweep) => sweep.points);
  const tasks = [
    defaultTask(UNSCALED),
    ...points.map(({ scale }) => defaultTask(scale)),
    ...seeds.map(openTask),
    ...seeds.flatMap((seed) => TREND_SCALES.map((scale) => trendTask(seed, scale))),
    ...TRUE_FAMILIES.flatMap((family) => seeds.map((seed) => plusTask(family, seed))),
    ...seeds.map(deadlineTask),
    ...points.flatMap(({ scale }) =>
      seeds.slice(0, sweepDraws(draws)).map((seed) => sweepTask("wan-hourly", seed, scale)),
    ),
  ];
  return [...new Map(tasks.map((task) => [taskId(task), task])).values()];
}
