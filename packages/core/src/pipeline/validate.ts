/**
 * The validation pass: is this a schedule that can be run, and run to the same result as any other?
 *
 * Checks, each only where the ones before it found nothing: sizes; ranges, ranks and needless messages;
 * completeness; then blocks and messages in a workable order. Bad schedules yield problems, never exceptions.
 * Stricter than PyTorch's own validator, which accepts a receive order that swaps data.
 * Leaves out: memory, and what single runtimes demand beyond this (their exporters check that).
 */

import type { Schedule } from "./schedule.ts";
import { channelProblems } from "./validate/channels.ts";
import { completenessProblems } from "./validate/complete.ts";
import { deadlockProblems } from "./validate/deadlock.ts";
import type { ScheduleProblem } from "./validate/problem.ts";
import { placementProblems, shapeProblems } from "./validate/shape.ts";

/** Empty for a sound schedule, in computation order or lowered. */
export function validateSchedule(schedule: Schedule): readonly ScheduleProblem[] {
  const checks = [
    shapeProblems,
    placementProblems,
    completenessProblems,
    (sound: Schedule) => [...channelProblems(sound), ...deadlockProblems(sound)],
  ];
  for (const check of checks) {
    const problems = check(schedule);
    if (problems.length > 0) return problems;
  }
  return [];
}
