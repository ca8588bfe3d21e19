// One optimizer step of a pipeline as shapes: a row per stage, a path per kind of block, so that thousands of blocks are a
// handful of elements.
import type { JobTimeline } from "../../api.ts";

export type StepTimeline = NonNullable<JobTimeline["predicted"]>;
export type BlockKind = StepTimeline["blocks"][number]["kind"];

export const BLOCK_PIXELS = 18;
const ROW_PIXELS = 21;
/** Between regions, where messages are seen to take their time. */
const REGION_PIXELS = 26;
/** Narrower blocks have no name. */
const NAME_PIXELS = 20;

export interface TimelineShape {
  /** Top of each stage's row. */
  readonly tops: readonly number[];
  readonly heightPixels: number;
  readonly blocks: readonly { readonly kind: BlockKind; readonly path: string }[];
  readonly messages: string;
  readonly names: readonly {
    readonly key: string;
    readonly text: string;
    readonly x: number;
    readonly y: number;
    readonly kind: BlockKind;
  }[];
}

/** @param widthPixels of so many seconds */
export function shapeOf(
  { blocks, messages }: StepTimeline,
  stages: JobTimeline["stages"],
  seconds: number,
  widthPixels: number,
): TimelineShape {
  const x = (atSeconds: number) => Math.round((10 * widthPixels * atSeconds) / seconds) / 10;
  const tops = topsOf(stages);
  const paths = new Map<BlockKind, string[]>();
  const names: TimelineShape["names"][number][] = [];
  for (const { endSeconds, kind, microbatch, stage, startSeconds } of blocks) {
    const [left, right] = [x(startSeconds), x(endSeconds)];
    const top = tops[stage]!;
    const known = paths.get(kind) ?? [];
    if (known.length === 0) paths.set(kind, known);
    known.push(`M${left} ${top}H${right}V${top + BLOCK_PIXELS}H${left}Z`);
    if (right - left < NAME_PIXELS) continue;
    const key = `${stage} ${kind} ${microbatch}`;
    names.push({ key, kind, text: `${kind}${microbatch}`, x: (left + right) / 2, y: top + BLOCK_PIXELS / 2 });
  }
  const lines = messages.map(({ arrivalSeconds, fromStage, startSeconds, toStage }) => {
    const isDown = toStage > fromStage;
    const from = tops[fromStage]! + (isDown ? BLOCK_PIXELS : 0);
    const to = tops[toStage]! + (isDown ? 0 : BLOCK_PIXELS);
    return `M${x(startSeconds)} ${from}L${x(arrivalSeconds)} ${to}`;
  });
  return {
    tops,
    heightPixels: tops.at(-1)! + ROW_PIXELS,
    blocks: Array.from(paths, ([kind, parts]) => ({ kind, path: parts.join("") })),
    messages: lines.join(""),
    names,
  };
}

function topsOf(stages: JobTimeline["stages"]): readonly number[] {
  let top = 0;
  return stages.map(({ region }, i) => {
    if (i > 0) top += ROW_PIXELS + (region === stages[i - 1]!.region ? 0 : REGION_PIXELS);
    return top;
  });
}

/** Seconds in which each stage computes, in the order of the stages. */
export function busySeconds({ blocks }: StepTimeline, stages: number): readonly number[] {
  const busy = new Array<number>(stages).fill(0);
  for (const { endSeconds, stage, startSeconds } of blocks) busy[stage]! += endSeconds - startSeconds;
  return busy;
}

/** Round times for an axis, nought and about so many more among them. */
export function ticksOf(seconds: number, most: number): readonly number[] {
  const rough = seconds / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough)!;
  return Array.from({ length: Math.floor(seconds / step) + 1 }, (_, i) => i * step);
}
