// What a comparison of schedules shows of each, and in which order.
import { duration, figure, share, UNKNOWN } from "../../format.ts";
import type { Pipeline } from "../../pipeline/index.ts";
import type { Column } from "../column.ts";
import type { Measured, Outcome, ScheduleCandidate } from "./outcome.ts";

/** Hops whose exposed time is shown one by one; with more of them the largest is. */
const MOST_HOPS = 3;

export function scheduleColumns(pipeline: Pipeline): readonly Column<ScheduleCandidate>[] {
  const of = (cell: (measured: Measured) => string) => (candidate: ScheduleCandidate) =>
    candidate.kind === "schedule" ? cell(candidate) : UNKNOWN;
  const right = { align: "right" } as const;
  return [
    { heading: "GENERATOR", cell: ({ generator }) => generator },
    {
      heading: "MAKESPAN",
      ...right,
      cell: of(({ evaluation }) => duration(evaluation.stats.makespanSeconds)),
    },
    { heading: "SPAN", ...right, cell: of(({ evaluation }) => duration(evaluation.stats.spanSeconds)) },
    { heading: "BUBBLE", ...right, cell: of(({ evaluation }) => share(evaluation.stats.bubbleRatio)) },
    {
      heading: "SPAN BUBBLE",
      ...right,
      cell: of(({ evaluation }) => share(evaluation.stats.spanBubbleRatio)),
    },
    {
      heading: "PEAK",
      ...right,
      cell: of(({ evaluation }) => figure(Math.max(...evaluation.peakActivations))),
    },
    {
      heading: "PEAK BY STAGE",
      wide: true,
      cell: of(({ evaluation }) => evaluation.peakActivations.map((peak) => figure(peak)).join(" ")),
    },
    { heading: "EXPOSED", ...right, cell: of((measured) => exposedText(pipeline, measured)) },
    {
      heading: "BOUND",
      ...right,
      cell: of(({ lowerBoundSeconds }) =>
        Number.isFinite(lowerBoundSeconds) ? duration(lowerBoundSeconds) : UNKNOWN,
      ),
    },
    {
      heading: "GAP",
      ...right,
      cell: of(({ gap, status }) => (status === "over-memory" ? UNKNOWN : share(gap))),
    },
    {
      heading: "STATUS",
      cell: (candidate) => (candidate.kind === "refused" ? `refused: ${candidate.reason}` : candidate.status),
    },
  ];
}

/** The best first, then by makespan; those that do not fit and those that there are not come last. */
export function rowsOf({ best, candidates }: Outcome): readonly ScheduleCandidate[] {
  const rank = (candidate: ScheduleCandidate) => {
    if (candidate === best) return 0;
    if (candidate.kind === "refused") return 3;
    return candidate.status === "over-memory" ? 2 : 1;
  };
  const seconds = (candidate: ScheduleCandidate) =>
    candidate.kind === "schedule" ? candidate.evaluation.stats.makespanSeconds : 0;
  return candidates.toSorted((a, b) => rank(a) - rank(b) || seconds(a) - seconds(b));
}

function exposedText({ hops }: Pipeline, { evaluation }: Measured): string {
  const { exposedSeconds } = evaluation;
  const slow = hops.flatMap(({ latencySeconds, occupancySeconds }, hop) =>
    latencySeconds + occupancySeconds > 0 ? [hop] : [],
  );
  if (slow.length === 0) return UNKNOWN;
  if (slow.length > MOST_HOPS) return duration(Math.max(...exposedSeconds));
  return slow.map((hop) => duration(exposedSeconds[hop])).join(" + ");
}

/** What the columns say, as sentences. */
export function legendOf({ chunks, hops, memoryCap }: Pipeline): string {
  const slow = hops.filter(({ latencySeconds, occupancySeconds }) => latencySeconds + occupancySeconds > 0);
  const [least, most] = [Math.min(...memoryCap), Math.max(...memoryCap)];
  const cap = least === most ? figure(most) : `${figure(least)} to ${figure(most)}`;
  const exposed =
    slow.length > MOST_HOPS ? "the largest of all cuts" : slow.length > 1 ? "cut by cut" : "over the cut";
  return [
    "Bubble: idle share of the makespan, and of the span.",
    `Peak: activations of ${chunks > 1 ? `one of ${chunks} chunks` : "a stage"}${most === Number.POSITIVE_INFINITY ? "" : `, of ${cap} that fit`}.`,
    ...(slow.length > 0 ? [`Exposed: idle time for messages on their way, ${exposed}.`] : []),
    "Bound: of all schedules that place their stages so and fit.",
  ].join(" ");
}
