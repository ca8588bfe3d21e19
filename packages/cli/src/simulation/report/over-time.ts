// Jobs that wait and GPUs that are held, over time: a step line per policy.
import { duration, figure } from "@bace-pipe/core/format";
import type { Instant, Trace } from "@bace-pipe/core/shell";
import { drawable, MOST_STEPS, meanOf, type Step, stepsOf, timeUnit, valueAt } from "@bace-pipe/core/shell";
import { dataTable, type Figure, policyColumns } from "./figure.ts";
import { timeAxis } from "./look.ts";
import { dottedNote, type Point, panels } from "./panels.ts";

type Traces = ReadonlyMap<string, Trace>;

export function waitingFigure(traces: Traces, endSeconds: number): Figure {
  return stepsFigure(traces, endSeconds, {
    id: "waiting",
    title: "Jobs waiting over time",
    what: "jobs waiting",
    value: ({ waitingJobs }) => waitingJobs,
  });
}

export function gpusFigure(traces: Traces, endSeconds: number): Figure {
  return stepsFigure(traces, endSeconds, {
    id: "gpus",
    title: "GPUs in use over time",
    what: "GPUs in use",
    value: ({ heldGpus }) => heldGpus,
    most: ({ gpus }) => gpus,
  });
}

interface Quantity {
  readonly id: string;
  readonly title: string;
  readonly what: string;
  value(instant: Instant): number;
  /** Drawn as a line of its own. */
  most?(instant: Instant): number;
}

function stepsFigure(traces: Traces, endSeconds: number, quantity: Quantity): Figure {
  const { id, most, title, value, what } = quantity;
  const policies = [...traces.keys()];
  const exact = new Map(
    [...traces].map(([policy, { instants }]) => [policy, stepsOf(instants, value, endSeconds)]),
  );
  const thinned = [...exact.values()].some((steps) => steps.length > MOST_STEPS);
  const { seconds } = timeUnit(endSeconds);
  const pointsOf = (steps: readonly Step[]): Point[] =>
    drawable(steps, endSeconds).map(({ atSeconds, value: y }) => ({ x: atSeconds / seconds, y }));
  const lines = new Map(
    [...exact].map(([policy, steps]) => {
      const highest = steps.reduce((high, step) => Math.max(high, step.value), 0);
      const note = `at most ${figure(highest)}, ${figure(meanOf(steps, endSeconds))} on average`;
      return [policy, { points: pointsOf(steps), note }];
    }),
  );
  const [first] = traces.values();
  const picture = panels({
    alternative: `Step lines of ${what} over ${duration(endSeconds)}.`,
    lines,
    limit: most && first ? pointsOf(stepsOf(first.instants, most, endSeconds)) : [],
    x: (width) => timeAxis(endSeconds, width),
  });
  const changes = [...new Set([...exact.values()].flatMap((steps) => steps.map((step) => step.atSeconds)))];
  const columns = policyColumns<number>(
    { heading: "FROM", cell: (atSeconds) => duration(atSeconds) },
    policies,
    (atSeconds, policy) => figure(valueAt(exact.get(policy)!, atSeconds)),
  );
  return {
    id,
    title,
    caption: [
      dottedNote(policies),
      most ? "Thin line: all GPUs of the fleet. " : "",
      thinned ? `More than ${MOST_STEPS} changes: drawn are means over ${MOST_STEPS} equal spans.` : "",
    ],
    body: picture,
    data: dataTable(
      `${title}, as a table`,
      columns,
      changes.sort((a, b) => a - b),
    ),
  };
}
