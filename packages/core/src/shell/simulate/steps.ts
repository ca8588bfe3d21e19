// Quantities that change in steps over simulated time, and their means over equal spans where steps are too many to draw.
import type { Instant } from "./trace.ts";

/** A line with more steps is drawn as means over this many equal spans of time. */
export const MOST_STEPS = 400;

/** Holds until the next one. */
export interface Step {
  readonly atSeconds: number;
  readonly value: number;
}

/** Changes of a quantity until the end, the last value repeated there; of several at one instant, the last. */
export function stepsOf(
  instants: readonly Instant[],
  value: (instant: Instant) => number,
  endSeconds: number,
): readonly Step[] {
  const steps: Step[] = [];
  for (const instant of instants) {
    if (instant.atSeconds > endSeconds) break;
    const step = { atSeconds: instant.atSeconds, value: value(instant) };
    if (steps.at(-1)?.atSeconds === step.atSeconds) steps.pop();
    if (steps.at(-1)?.value !== step.value) steps.push(step);
  }
  const last = steps.at(-1);
  if (last && last.atSeconds < endSeconds) steps.push({ atSeconds: endSeconds, value: last.value });
  return steps;
}

export function drawable(steps: readonly Step[], endSeconds: number): readonly Step[] {
  if (steps.length <= MOST_STEPS) return steps;
  const span = endSeconds / MOST_STEPS;
  const sums = new Float64Array(MOST_STEPS);
  steps.forEach(({ atSeconds, value }, i) => {
    const until = steps[i + 1]?.atSeconds ?? endSeconds;
    addOver(sums, span, atSeconds, until, value);
  });
  const means = Array.from(sums, (sum, i) => ({ atSeconds: i * span, value: sum / span }));
  return [...means, { atSeconds: endSeconds, value: means.at(-1)!.value }];
}

/** Adds value × seconds to every span that the interval touches. */
export function addOver(sums: Float64Array, span: number, from: number, until: number, value: number): void {
  for (let i = Math.floor(from / span); i < sums.length && i * span < until; i++) {
    const seconds = Math.min(until, (i + 1) * span) - Math.max(from, i * span);
    sums[i] = sums[i]! + value * Math.max(0, seconds);
  }
}

export function meanOf(steps: readonly Step[], endSeconds: number): number {
  const sum = steps.reduce((total, { atSeconds, value }, i) => {
    return total + value * ((steps[i + 1]?.atSeconds ?? endSeconds) - atSeconds);
  }, 0);
  return endSeconds > 0 ? sum / endSeconds : 0;
}

export function valueAt(steps: readonly Step[], atSeconds: number): number {
  return steps.findLast((step) => step.atSeconds <= atSeconds)?.value ?? 0;
}
