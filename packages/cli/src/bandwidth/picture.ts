// The curve of iteration time against bandwidth as an SVG picture that stands alone: light and dark, no script, no font.
// The lines are Okabe and Ito's colours, and have dashes, marks and names besides. Bandwidth is logarithmic.
import { bitRate, duration, figure } from "@bace-pipe/core/format";
import type { CurvePoint, Study } from "./study.ts";

const WIDTH = 820;
const HEIGHT = 460;
const LEFT = 64;
const RIGHT = 128;
const TOP = 84;
const BOTTOM = 60;
const LABEL_HEIGHT = 15;
const NAME_WIDTH = 110;

const LINES = [
  { key: "oneFOneB", name: "1F1B", dash: "7 4", mark: "M-3.5 -3.5h7v7h-7z" },
  { key: "warmup", name: "1F1B, warm-up", dash: "", mark: "M0 -4a4 4 0 1 0 .01 0z" },
  { key: "crosspipe", name: "CrossPipe", dash: "2 3", mark: "M0 -4.5L4.2 3.5h-8.4z" },
] as const;

const STYLE = `
:root {
  color-scheme: light dark;
  --page: #ffffff; --text: #1b1f24; --soft: #57606a; --line: #e1e5ea; --floor: #eef1f4;
  --oneFOneB: #b34d00; --warmup: #0072b2; --crosspipe: #00795a; --knee: #8e3fa8;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --page: #14171b; --text: #e6e9ed; --soft: #a3adb8; --line: #2e343b; --floor: #1d2227;
    --oneFOneB: #f0a35c; --warmup: #56b4e9; --crosspipe: #4fc79a; --knee: #cf8fe8;
  }
}
.curve { font: 12px system-ui, sans-serif; }
.curve text { fill: var(--text); }
.curve .title { font-size: 15px; font-weight: 600; }
.curve .soft, .curve .nowText { fill: var(--soft); }
.curve .middle { text-anchor: middle; }
.curve .end { text-anchor: end; }
.curve .page { fill: var(--page); }
.curve .floor { fill: var(--floor); }
.curve .grid { stroke: var(--line); }
.curve .axis { stroke: var(--soft); }
.curve .now { stroke: var(--soft); stroke-dasharray: 4 3; }
.curve .knee { stroke: var(--knee); stroke-width: 1.5; }
.curve .kneeText { fill: var(--knee); font-weight: 600; }
.curve .seconds { fill: none; stroke-width: 2; stroke-linejoin: round; }
${LINES.map(({ key }) => `.curve .${key} { stroke: var(--${key}); }\n.curve .of-${key} { fill: var(--${key}); }`).join("\n")}
`;

interface Scales {
  readonly x: (bitsPerSecond: number) => number;
  readonly y: (seconds: number) => number;
  readonly lines: readonly (typeof LINES)[number][];
}

/** The text of an SVG file. @param answer sentences that say what the picture shows. */
export function curveSvg(study: Study, answer: readonly string[]): string {
  const { curve, cutAfter } = study;
  const lines = LINES.filter(({ key }) => curve.some((point) => point[key] !== null));
  const seconds = lines.flatMap(({ key }) => curve.flatMap((point) => point[key] ?? []));
  const [from, to] = [curve[0]!.bitsPerSecond, curve.at(-1)!.bitsPerSecond];
  const steps = ticks(Math.max(...seconds));
  const most = steps.at(-1)!;
  const scales: Scales = {
    x: (bits) => round(LEFT + ((WIDTH - LEFT - RIGHT) * Math.log(bits / from)) / Math.log(to / from)),
    y: (value) => round(HEIGHT - BOTTOM - ((HEIGHT - TOP - BOTTOM) * value) / most),
    lines,
  };
  const title = `Iteration time against bandwidth of the cut after ${cutAfter} stage${cutAfter === 1 ? "" : "s"}`;
  return `${[
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<svg xmlns="http://www.w3.org/2000/svg" class="curve" role="img" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}">`,
    `<title>${title}</title>`,
    `<desc>${answer.join(" ")}</desc>`,
    `<style>${STYLE}</style>`,
    `<rect class="page" width="${WIDTH}" height="${HEIGHT}"/>`,
    `<text class="title" x="${LEFT - 48}" y="26">${title}</text>`,
    ...floor(study, scales, from),
    ...axes(scales, steps, from, to),
    ...marks(study, scales, from, to),
    ...lines.map((line) => drawn(curve, line, scales)),
    ...names(curve, scales),
    "</svg>",
  ].join("\n")}\n`;
}

/** Where the link is the bottleneck whatever the schedule. */
function floor({ floorBitsPerSecond }: Study, { x }: Scales, from: number): readonly string[] {
  const width = round(x(floorBitsPerSecond) - x(from));
  return [
    `<rect class="floor" x="${x(from)}" y="${TOP}" width="${width}" height="${HEIGHT - TOP - BOTTOM}"/>`,
    `<text class="soft" x="${x(from) + 6}" y="${HEIGHT - BOTTOM - 8}">the link is the bottleneck</text>`,
  ];
}

function axes({ x, y }: Scales, steps: readonly number[], from: number, to: number): readonly string[] {
  const bottom = HEIGHT - BOTTOM;
  return [
    ...steps.map(
      (value) =>
        `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(value)}" y2="${y(value)}"/><text class="soft end" x="${LEFT - 8}" y="${y(value) + 4}">${figure(value)}</text>`,
    ),
    `<line class="axis" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${bottom}" y2="${bottom}"/>`,
    ...bandwidths(from, to).map(
      (bits) =>
        `<line class="axis" x1="${x(bits)}" x2="${x(bits)}" y1="${bottom}" y2="${bottom + 5}"/><text class="soft middle" x="${x(bits)}" y="${bottom + 19}">${figure(bits / 1e9)}</text>`,
    ),
    `<text class="soft" x="${LEFT - 48}" y="${TOP - 36}">seconds of an iteration</text>`,
    `<text class="soft middle" x="${(LEFT + WIDTH - RIGHT) / 2}" y="${bottom + 42}">Gbit/s of the link, logarithmic</text>`,
  ];
}

/** The two names are at two heights, and on the far sides of their lines where there is room. */
function marks(study: Study, { x }: Scales, from: number, to: number): readonly string[] {
  const { bitsPerSecond, pointBitsPerSecond } = study;
  const isShown = (bits: number | null): bits is number => bits !== null && bits >= from && bits <= to;
  const line = (bits: number, look: "knee" | "now", text: string, toTheLeft: boolean) => {
    const top = TOP - (look === "knee" ? 30 : 14);
    const [anchor, at] = toTheLeft ? ["end", x(bits) - 5] : ["start", x(bits) + 5];
    return `<line class="${look}" x1="${x(bits)}" x2="${x(bits)}" y1="${top}" y2="${HEIGHT - BOTTOM}"/><text class="${look}Text ${anchor}" x="${at}" y="${top + 9}">${text}</text>`;
  };
  const isLeft =
    isShown(bitsPerSecond) &&
    bitsPerSecond < (pointBitsPerSecond ?? 0) &&
    x(bitsPerSecond) > LEFT + NAME_WIDTH;
  return [
    ...(isShown(bitsPerSecond) ? [line(bitsPerSecond, "now", `now ${bitRate(bitsPerSecond)}`, isLeft)] : []),
    ...(isShown(pointBitsPerSecond)
      ? [line(pointBitsPerSecond, "knee", `enough ${bitRate(pointBitsPerSecond)}`, false)]
      : []),
  ];
}

function drawn(
  curve: readonly CurvePoint[],
  { dash, key, mark }: (typeof LINES)[number],
  { x, y }: Scales,
): string {
  const points = curve.flatMap((point) => {
    const seconds = point[key];
    return seconds === null ? [] : [{ bits: point.bitsPerSecond, seconds }];
  });
  const path = points
    .map(({ bits, seconds }, i) => `${i === 0 ? "M" : "L"}${x(bits)} ${y(seconds)}`)
    .join("");
  const dots = points.map(
    ({ bits, seconds }) =>
      `<path class="of-${key}" d="${mark}" transform="translate(${x(bits)} ${y(seconds)}) scale(0.8)"><title>${bitRate(bits)}: ${duration(seconds)}</title></path>`,
  );
  const dashes = dash === "" ? "" : ` stroke-dasharray="${dash}"`;
  return `<path class="seconds ${key}" d="${path}"${dashes}/>${dots.join("")}`;
}

/** At the lines' ends, apart from each other. */
function names(curve: readonly CurvePoint[], { lines, y }: Scales): readonly string[] {
  const ends = lines
    .map(({ key, mark, name }) => ({ key, mark, name, at: y(curve.at(-1)![key] ?? 0) }))
    .sort((a, b) => a.at - b.at);
  let above = Number.NEGATIVE_INFINITY;
  return ends.map(({ at, key, mark, name }) => {
    const place = Math.max(at, above + LABEL_HEIGHT);
    above = place;
    const left = WIDTH - RIGHT + 14;
    return `<path class="of-${key}" d="${mark}" transform="translate(${left} ${place})"/><text class="of-${key}" x="${left + 9}" y="${place + 4}">${name}</text>`;
  });
}

/** Round numbers from 0 to the first that is `most` or more. */
function ticks(most: number): readonly number[] {
  const power = 10 ** Math.floor(Math.log10(most / 5));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => most / each <= 6)!;
  return Array.from({ length: Math.ceil(most / step) + 1 }, (_, i) => i * step);
}

/** 1, 2 and 5 times powers of ten. */
function bandwidths(from: number, to: number): readonly number[] {
  const found: number[] = [];
  for (let power = 10 ** Math.floor(Math.log10(from)); power <= to; power *= 10)
    for (const factor of [1, 2, 5])
      if (factor * power >= from && factor * power <= to) found.push(factor * power);
  return found;
}

function round(pixels: number): number {
  return Math.round(100 * pixels) / 100;
}
