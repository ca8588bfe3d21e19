// What tuning found, as people read it: the answer, the best points beside the job as it is, and what was left out and why.
import {
  BYTES_PER_GB,
  type PointOverMemory,
  type RefusedPoint,
  type TimedForwards,
  type TimedPoint,
  type TuneResult,
} from "@bace-pipe/core";
import { deviation, duration, figure, share, UNKNOWN } from "@bace-pipe/core/format";
import type { Colors } from "../io.ts";
import { type Column, table } from "../render/table.ts";

/** Without `-o wide`. */
const SHOWN_POINTS = 5;
const SHOWN_OVER_MEMORY = 3;

interface Row {
  readonly name: string;
  readonly point: TimedPoint;
  readonly time: TimedForwards;
}

export function tuneText(
  result: TuneResult,
  { colors, wide }: { readonly colors: Colors; readonly wide: boolean },
): string {
  const { own, timed, tokensPerIteration, usableBytes } = result;
  const reference = own.kind === "timed" ? own.plain.iterationSeconds : undefined;
  const right = { align: "right" } as const;
  const columns: readonly Column<Row>[] = [
    { heading: "", cell: ({ name }) => name },
    { heading: "MICRO-BATCH", ...right, cell: ({ point }) => String(point.microbatchSize) },
    { heading: "SEQUENCE", ...right, cell: ({ point }) => String(point.sequenceLength) },
    { heading: "COUNT", ...right, cell: ({ point }) => String(point.microbatches) },
    { heading: "EXTRA FORWARDS", ...right, cell: ({ time }) => forwardsText(time) },
    { heading: "RULE", ...right, wide: true, cell: ({ point }) => point.rule.join(" + ") || UNKNOWN },
    { heading: "ITERATION", ...right, cell: ({ time }) => duration(time.iterationSeconds) },
    {
      heading: "PER TOKEN",
      ...right,
      cell: ({ time }) => `${figure((1e6 * time.iterationSeconds) / tokensPerIteration)} µs`,
    },
    { heading: "AGAINST NOW", ...right, cell: ({ time }) => deviation(time.iterationSeconds, reference) },
    { heading: "IDLE", ...right, cell: ({ time }) => share(time.bubble.allIdle) },
    { heading: "BY CROSSING", ...right, cell: ({ time }) => share(time.bubble.fromCrossing) },
    {
      heading: "MEMORY",
      ...right,
      cell: ({ point, time }) => (time === point.best ? gigabytes(Math.max(...point.memoryBytes)) : UNKNOWN),
    },
    { heading: "EFFICIENCY", ...right, cell: ({ point }) => share(point.efficiency) },
  ];
  const shown = wide ? timed : timed.slice(0, SHOWN_POINTS);
  const rows: readonly Row[] = [
    ...shown.map((point, i) => ({ name: String(i + 1), point, time: point.best })),
    ...(own.kind === "timed"
      ? [
          { name: "as it is", point: own, time: own.plain },
          { name: "with extra forwards only", point: own, time: own.best },
        ]
      : []),
  ];
  const legend = [
    `All points have ${figure(tokensPerIteration, 6)} tokens per iteration; what counts is time per token.`,
    "Idle: of all stages, between the first forward and the last backward. By crossing: the part that links add to plain 1F1B.",
    `Memory: of the fullest GPU, ${gigabytes(usableBytes)} of which are usable.`,
  ];
  return [
    `${answer(result)}\n\n`,
    table(columns, rows, { colors, wide }),
    colors.dim(`${legend.join("\n")}\n`),
    `\n${leftOut(result, wide).join("\n")}\n`,
  ].join("");
}

function answer({ own, timed }: TuneResult): string {
  const [best] = timed;
  if (!best) return "No point of the grid fits into memory.";
  const { best: time, microbatches, microbatchSize, sequenceLength } = best;
  const sequences = microbatchSize === 1 ? "1 sequence" : `${microbatchSize} sequences`;
  const what = `${sequences} of ${sequenceLength} tokens per micro-batch, ${microbatches} micro-batches, ${forwardsText(time)} extra forwards`;
  if (own.kind === "over-memory")
    return `Best: ${what}: ${duration(time.iterationSeconds)} an iteration. The job as it is does not fit.`;
  const now = own.plain.iterationSeconds;
  const gain = 1 - time.iterationSeconds / now;
  if (gain < 5e-4)
    return `Leave it as it is: nothing is faster than ${duration(now)} an iteration with plain 1F1B.`;
  const alone = 1 - own.best.iterationSeconds / now;
  return [
    `Best: ${what}: ${duration(time.iterationSeconds)} an iteration, ${share(gain)} less than ${duration(now)} as it is with plain 1F1B.`,
    alone >= 5e-4
      ? `Extra forwards alone (${forwardsText(own.best)}) save ${share(alone)}.`
      : "Extra forwards alone save nothing.",
  ].join("\n");
}

function leftOut({ overMemory, refused, timed }: TuneResult, wide: boolean): readonly string[] {
  const sum = (of: (point: TimedPoint) => number) => timed.reduce((total, point) => total + of(point), 0);
  const vectors = sum((point) => point.vectors);
  const left = sum((point) => point.left);
  const looked = [
    `${sum((point) => point.timed)} timed`,
    `${sum((point) => point.ruledOut)} ruled out by a bound`,
    `${sum((point) => point.overMemory)} over memory`,
    ...(left > 0 ? [`${left} not looked at, because there are too many`] : []),
  ];
  const points = timed.length + overMemory.length;
  const shown = wide ? overMemory : overMemory.slice(0, SHOWN_OVER_MEMORY);
  return [
    `Looked at ${points} points and ${vectors} vectors of extra forwards: ${looked.join(", ")}.`,
    ...shown.map(overMemoryText),
    ...(shown.length < overMemory.length
      ? [`${overMemory.length - shown.length} more points do not fit (-o wide lists them).`]
      : []),
    ...refusedText(refused, "uneven", "an iteration's tokens do not come out even"),
    ...refusedText(refused, "too-many-microbatches", "they are more micro-batches than a job may have"),
  ];
}

function refusedText(
  refused: TuneResult["refused"],
  kind: RefusedPoint["reason"],
  why: string,
): readonly string[] {
  const points = refused.filter(({ reason }) => reason === kind);
  if (points.length === 0) return [];
  const sizes = points.map(({ microbatchSize, sequenceLength }) => `${microbatchSize} × ${sequenceLength}`);
  return [`Out: ${sizes.join(", ")} tokens per micro-batch, because ${why}.`];
}

function overMemoryText({ memoryBytes, microbatchSize, sequenceLength, stage }: PointOverMemory): string {
  const point = `${microbatchSize} × ${sequenceLength} tokens per micro-batch`;
  return `Out: ${point}, because stage ${stage} would hold ${gigabytes(memoryBytes)} per GPU without any extra forward.`;
}

function forwardsText({ hopExtraForwards }: TimedForwards): string {
  return hopExtraForwards.join(" + ") || "0";
}

function gigabytes(bytes: number): string {
  return `${figure(bytes / BYTES_PER_GB)} GB`;
}
