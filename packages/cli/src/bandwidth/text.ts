// The study of a hop on a terminal: the answer, extra forwards, the curve, and what memory saves.
import { bitRate, deviation, duration, figure, share, UNKNOWN } from "@bace-pipe/core/format";
import type { Colors } from "../io.ts";
import { type Column, table } from "../render/table.ts";
import type { CurvePoint, ForwardsRow, MemoryGain, Study } from "./study.ts";

/** Without `-o wide`. */
const SHOWN_POINTS = 13;
const BAR = 30;

export function studyText(
  study: Study,
  { colors, wide }: { readonly colors: Colors; readonly wide: boolean },
): string {
  const { latencySeconds, messageBytes, periodSeconds } = study;
  const what = `Messages of ${figure(messageBytes / 1e6)} MB, ${duration(latencySeconds)} away, a micro-batch every ${duration(periodSeconds)}.`;
  const right = { align: "right" } as const;
  const rows: readonly Column<ForwardsRow>[] = [
    { heading: "EXTRA FORWARDS", ...right, cell: ({ extraForwards }) => String(extraForwards) },
    {
      heading: "LEAST BANDWIDTH",
      ...right,
      cell: ({ leastBitsPerSecond }) => (leastBitsPerSecond === null ? "none" : bitRate(leastBitsPerSecond)),
    },
    { heading: "ACTIVATIONS", ...right, cell: ({ heldActivations }) => String(heldActivations) },
    { heading: "ITERATION NOW", ...right, cell: ({ secondsNow }) => duration(secondsNow) },
    { heading: "AT THE LEAST", ...right, cell: ({ secondsAtPoint }) => duration(secondsAtPoint) },
    { heading: "", cell: ({ fits }) => (fits ? "" : "more than memory holds") },
  ];
  const longest = Math.max(...study.curve.map(({ warmup }) => warmup));
  const points: readonly Column<CurvePoint>[] = [
    { heading: "BANDWIDTH", ...right, cell: ({ bitsPerSecond }) => bitRate(bitsPerSecond) },
    { heading: "1F1B", ...right, cell: ({ oneFOneB }) => duration(oneFOneB) },
    { heading: "WARM-UP", ...right, cell: ({ warmup }) => duration(warmup) },
    { heading: "CROSSPIPE", ...right, cell: ({ crosspipe }) => duration(crosspipe) },
    { heading: "", cell: ({ warmup }) => "█".repeat(Math.max(1, Math.round((BAR * warmup) / longest))) },
    { heading: "", cell: ({ bitsPerSecond }) => markOf(study, bitsPerSecond) },
  ];
  const legend = [
    "Least bandwidth: with which nothing of the link shows but one fill and one drain.",
    "Activations: of the rank that holds most. Iteration: 1F1B with these extra forwards of this cut.",
  ].join(" ");
  return [
    `${answerOf(study).join("\n")}\n${colors.dim(what)}\n\n`,
    table(rows, study.byForwards, { colors, wide }),
    colors.dim(`${legend}\n\n`),
    table(points, wide ? study.curve : fewPoints(study), { colors, wide }),
    colors.dim(
      "1F1B without extra forwards; warm-up: with as many as hide the cuts and fit; bars are its times.\n",
    ),
    memoryText(study, { colors, wide }),
  ].join("");
}

/** One or two plain sentences on bandwidth, one on memory. */
export function answerOf(study: Study): readonly string[] {
  return [bandwidthAnswer(study), memoryAnswer(study)];
}

function bandwidthAnswer(study: Study): string {
  const { atPoint, atUnlimited, bitsPerSecond, cutAfter, fittingForwards, now } = study;
  const point = study.pointBitsPerSecond;
  const cut = `the cut after ${cutAfter} stage${cutAfter === 1 ? "" : "s"}`;
  const have = bitsPerSecond === null ? "its bandwidth is not limited" : `it has ${bitRate(bitsPerSecond)}`;
  if (fittingForwards === null)
    return `Memory does not hold 1F1B's activations, so bandwidth on ${cut} is not what is missing.`;
  if (point === null || !atPoint) {
    const less = share(1 - atUnlimited.warmup / now.warmup);
    return `No bandwidth hides ${cut}, because memory holds ${forwards(fittingForwards)}; ${have}. Without any limit an iteration would take ${duration(atUnlimited.warmup)} instead of ${duration(now.warmup)}, ${less} less.`;
  }
  if (bitsPerSecond === null || bitsPerSecond >= point * (1 - 1e-9)) {
    const more = Math.max(0, now.warmup - atUnlimited.warmup);
    const buys = more > 1e-6 * now.warmup ? `${duration(more)} an iteration at most` : "nothing";
    return `${capital(cut)} needs ${bitRate(point)} with ${forwards(fittingForwards)}, and ${have}: more buys ${buys}.`;
  }
  const less = share(1 - atPoint.warmup / now.warmup);
  const beyond = Math.max(0, atPoint.warmup - atUnlimited.warmup);
  return `Buy ${bitRate(point)} on ${cut}; ${have}. With ${forwards(fittingForwards)}, ${duration(now.warmup)} an iteration become ${duration(atPoint.warmup)}, ${less} less; all beyond it saves ${duration(beyond)} at most.`;
}

function memoryAnswer(study: Study): string {
  const { byForwards, fittingForwards, now, oneMoreActivation, pointBitsPerSecond: point } = study;
  const [all] = oneMoreActivation;
  if (!all) return "Memory is not limited here.";
  const next = byForwards.find(({ extraForwards }) => extraForwards === (fittingForwards ?? -1) + 1);
  const least = next?.leastBitsPerSecond ?? null;
  const lowers = least !== null && (point === null || least < point * (1 - 1e-9));
  const saves =
    all.warmupSeconds > 1e-6 * now.warmup
      ? `saves ${duration(all.warmupSeconds)} of ${duration(now.warmup)} an iteration at the bandwidth that there is`
      : "saves nothing at the bandwidth that there is";
  const enough = lowers ? `, and ${bitRate(least)} would be enough` : "";
  return `One more activation of memory on each rank ${saves}${enough}.`;
}

function forwards(count: number): string {
  if (count === 0) return "no extra forward";
  return count === 1 ? "1 extra forward" : `${count} extra forwards`;
}

function capital(text: string): string {
  return `${text[0]!.toUpperCase()}${text.slice(1)}`;
}

function markOf({ bitsPerSecond, floorBitsPerSecond, pointBitsPerSecond }: Study, bits: number): string {
  return [
    ...(bits === pointBitsPerSecond ? ["◄ knee"] : []),
    ...(bits === bitsPerSecond ? ["◄ now"] : []),
    ...(bits < floorBitsPerSecond * (1 - 1e-9) ? ["the link is the bottleneck"] : []),
  ].join(" ");
}

/** The knee, the bandwidth that there is, and some between. */
function fewPoints(study: Study): readonly CurvePoint[] {
  const { bitsPerSecond, curve, pointBitsPerSecond } = study;
  const every = Math.ceil(curve.length / SHOWN_POINTS);
  return curve.filter(
    (point, i) =>
      i % every === 0 || point.bitsPerSecond === bitsPerSecond || point.bitsPerSecond === pointBitsPerSecond,
  );
}

function memoryText(
  { now, oneMoreActivation }: Study,
  { colors, wide }: { readonly colors: Colors; readonly wide: boolean },
): string {
  const isOfUse = ({ crosspipeSeconds, rank, warmupSeconds }: MemoryGain) =>
    rank === null || warmupSeconds > 1e-6 * now.warmup || (crosspipeSeconds ?? 0) > 1e-6 * now.warmup;
  const shown = oneMoreActivation.filter((gain) => wide || isOfUse(gain));
  if (shown.length === 0) return "";
  const right = { align: "right" } as const;
  const saved = (seconds: number | null, of: number | null) =>
    seconds === null || of === null ? UNKNOWN : `${duration(seconds)} (${deviation(of - seconds, of)})`;
  const columns: readonly Column<MemoryGain>[] = [
    {
      heading: "ONE MORE ACTIVATION ON",
      cell: ({ rank }) => (rank === null ? "every rank" : `rank ${rank}`),
    },
    {
      heading: "WARM-UP SAVES",
      ...right,
      cell: ({ warmupSeconds }) => saved(warmupSeconds, now.warmup),
    },
    {
      heading: "CROSSPIPE SAVES",
      ...right,
      cell: ({ crosspipeSeconds }) => saved(crosspipeSeconds, now.crosspipe),
    },
  ];
  const others =
    shown.length < oneMoreActivation.length ? " Ranks alone that are not listed save nothing." : "";
  const legend = `Seconds of an iteration at the bandwidth that there is.${others}\n`;
  return `\n${table(columns, shown, { colors, wide })}${colors.dim(legend)}`;
}
