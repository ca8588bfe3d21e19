// The steps of a job as lines to be drawn. A step that is done again after a checkpoint counts as it was done last.
import type { JobSteps } from "../../api.ts";

export type Step = JobSteps["steps"][number];

/** More are asked for anew, thinned out by the service. */
export const MOST_STEPS = 4000;

/** What was known with what came after it, steps ascending. */
export function withSteps(known: readonly Step[], more: readonly Step[]): readonly Step[] {
  const steps = [...known];
  for (const step of more) {
    while (steps.length > 0 && steps.at(-1)!.step >= step.step) steps.pop();
    steps.push(step);
  }
  return steps;
}

/** In words, for who does not see the lines. @param text of a figure */
export function lineText(
  what: string,
  steps: readonly Step[],
  figureOf: (step: Step) => number | null,
  text: (value: number) => string,
): string {
  const seen = steps.filter((step) => figureOf(step) !== null);
  const [first, last] = [seen[0], seen.at(-1)];
  if (!first || !last) return `${what}: nothing measured yet`;
  const values = seen.map((step) => figureOf(step)!);
  const [least, most] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
  return (
    `${what}: ${text(figureOf(first)!)} at step ${first.step}, ${text(figureOf(last)!)} at step ${last.step}; ` +
    `between ${text(least)} and ${text(most)}`
  );
}
