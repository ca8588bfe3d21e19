/**
 * The validation pass: is this a schedule that can be run, and run to the same result as any other?
 *
 * Checks, each only where the ones before it found nothing: sizes; ranges, ranks and needless messages;
 * completeness; then blocks and messages in a workable order, and memory if its limits are given. Bad schedules yield
 * problems, never exceptions. Stricter than PyTorch's own validator, which accepts a receive order that swaps data.
 * Leaves out what single runtimes demand beyond this (their exporters check that).
 */

import type { Schedule } from "./schedule.ts";
import { channelProblems } from "./validate/channels.ts";
import { completenessProblems } from "./validate/complete.ts";
import { deadlockProblems } from "./validate/deadlock.ts";
import { memoryProblems } from "./validate/memory.ts";
import type { ScheduleProblem } from "./validate/problem.ts";
import { placementProblems, shapeProblems } from "./validate/shape.ts";

/**
 * Empty for a sound schedule, in computation order or lowered.
 * @param limits memoryCap: by rank, the most activations of one stage of this schedule that it can hold; not checked if
 *   absent.
 */
export function validateSchedule(
  schedule: Schedule,
  { memoryCap }: { readonly memoryCap?: readonly number[] } = {},
): readonly ScheduleProblem[] {
  const checks = [
    shapeProblems,
    placementProblems,
    completenessProblems,
    (complete: Schedule) => [
      ...channelProblems(complete),
      ...deadlockProblems(complete),
      ...(memoryCap ? memoryProblems(complete, memoryCap) : []),
    ],
  ];
  for (const check of checks) {
    const problems = check(schedule);
    if (problems.length > 0) return problems;
  }
  return [];
}
