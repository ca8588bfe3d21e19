/** The time axis of a picture: round numbers in one unit, and no more of them than there is room for. */

export type Axis = {
  readonly unit: string;
  readonly ticks: readonly { readonly seconds: number; readonly label: string }[];
};

const UNITS = [
  { from: 600, seconds: 60, name: "minutes" },
  { from: 2, seconds: 1, name: "seconds" },
  { from: 2e-3, seconds: 1e-3, name: "milliseconds" },
  { from: 0, seconds: 1e-6, name: "microseconds" },
] as const;

/** At most `most` ticks between 0 and `endSeconds`, both included where they are round. */
export function axisOf(endSeconds: number, most: number): Axis {
  const unit = UNITS.find(({ from }) => endSeconds >= from)!;
  const end = endSeconds / unit.seconds;
  const step = roundStep(end / Math.max(1, most));
  const count = step > 0 ? Math.floor(end / step + 1e-9) + 1 : 1;
  const ticks = Array.from({ length: count }, (_, i) => {
    const value = Number((i * step).toPrecision(12));
    return { seconds: value * unit.seconds, label: String(value) };
  });
  return { unit: unit.name, ticks };
}

/** The least of 1, 2, 5 times a power of ten that is `least` or more. */
function roundStep(least: number): number {
  if (least <= 0) return 0;
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= least - 1e-12)!;
}
