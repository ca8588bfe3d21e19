// A quantity over time: electricity price, carbon intensity. Flat, hourly (or any other equal steps), or changing at
// given instants. Each holds its nearest value outside of what it covers. What is paid or emitted is always an integral
// over an interval, never value-now × duration, so a run over midnight is paid as it was. Values may be negative.
// `until`: a value that somebody observed, for as long as it counts, and after that what would hold without it. `within`: a
// curve that somebody published, over the time that it is of; before and after, what would hold without it.

export type Series =
  | { readonly kind: "flat"; readonly value: number }
  | {
      readonly kind: "series";
      /** Start of the first step, on the clock of the fleet (simulation time, or seconds since 1970). */
      readonly startSeconds: number;
      readonly stepSeconds: number;
      /** One per step. Never empty. */
      readonly values: readonly number[];
    }
  | {
      readonly kind: "steps";
      /** Ascending; the value of the same index holds from then on. Never empty. */
      readonly fromSeconds: readonly number[];
      readonly values: readonly number[];
    }
  | {
      readonly kind: "until";
      readonly value: number;
      readonly untilSeconds: number;
      readonly then: Series;
    }
  | {
      readonly kind: "within";
      readonly curve: Curve;
      readonly otherwise: Series;
    };

/** Values of an interval of time, such as a day's prices by quarter of an hour. */
export interface Curve {
  /** Ascending; the value of the same index holds from then on. Never empty. */
  readonly fromSeconds: readonly number[];
  readonly values: readonly number[];
  /** When the last value ends. */
  readonly untilSeconds: number;
}

export function flat(value: number): Series {
  return { kind: "flat", value };
}

export function valueAt(series: Series, atSeconds: number): number {
  if (series.kind === "flat") return series.value;
  if (series.kind === "until")
    return atSeconds < series.untilSeconds ? series.value : valueAt(series.then, atSeconds);
  if (series.kind === "within")
    return covers(series.curve, atSeconds)
      ? valueAt(stepsOf(series.curve), atSeconds)
      : valueAt(series.otherwise, atSeconds);
  return series.values[stepAt(series, atSeconds)]!;
}

/** Whether a curve says anything of an instant. */
export function covers({ fromSeconds, untilSeconds }: Curve, atSeconds: number): boolean {
  return atSeconds >= fromSeconds[0]! && atSeconds < untilSeconds;
}

/** ∫ value dt over [from, to], in the value's unit × seconds. Throws if the interval runs backwards. */
export function integral(series: Series, fromSeconds: number, toSeconds: number): number {
  if (!(toSeconds >= fromSeconds))
    throw new Error(`interval runs backwards: ${fromSeconds} to ${toSeconds} s`);
  if (series.kind === "flat") return series.value * (toSeconds - fromSeconds);
  if (series.kind === "until") {
    const { then, untilSeconds, value } = series;
    const changeSeconds = Math.min(toSeconds, Math.max(fromSeconds, untilSeconds));
    return value * (changeSeconds - fromSeconds) + integral(then, changeSeconds, toSeconds);
  }
  if (series.kind === "within") {
    const { curve, otherwise } = series;
    const inside = (seconds: number) => Math.min(toSeconds, Math.max(fromSeconds, seconds));
    const [begins, ends] = [inside(curve.fromSeconds[0]!), inside(curve.untilSeconds)];
    return (
      integral(otherwise, fromSeconds, begins) +
      integral(stepsOf(curve), begins, ends) +
      integral(otherwise, ends, toSeconds)
    );
  }
  const [first, last] = [stepAt(series, fromSeconds), stepAt(series, toSeconds)];
  if (first === last) return series.values[first]! * (toSeconds - fromSeconds);
  const sums = prefixSums(series);
  const head = series.values[first]! * (startOf(series, first + 1) - fromSeconds);
  const tail = series.values[last]! * (toSeconds - startOf(series, last));
  return head + (sums[last]! - sums[first + 1]!) + tail;
}

/** Mean over [from, to]; the value at `from` where they are the same instant. */
export function mean(series: Series, fromSeconds: number, toSeconds: number): number {
  const seconds = toSeconds - fromSeconds;
  return seconds > 0 ? integral(series, fromSeconds, toSeconds) / seconds : valueAt(series, fromSeconds);
}

/** When the value next may be another one; undefined if it stays as it is. */
export function nextChangeSeconds(series: Series, atSeconds: number): number | undefined {
  switch (series.kind) {
    case "flat":
      return undefined;
    case "until":
      return atSeconds < series.untilSeconds
        ? series.untilSeconds
        : nextChangeSeconds(series.then, atSeconds);
    case "within": {
      const { curve, otherwise } = series;
      if (covers(curve, atSeconds)) return nextChangeSeconds(stepsOf(curve), atSeconds) ?? curve.untilSeconds;
      const next = nextChangeSeconds(otherwise, atSeconds);
      const begins = curve.fromSeconds[0]!;
      return atSeconds < begins && (next === undefined || begins < next) ? begins : next;
    }
    case "series":
    case "steps": {
      const next = stepAt(series, atSeconds) + 1;
      return next < series.values.length ? startOf(series, next) : undefined;
    }
  }
}

type Stepped = Exclude<Series, { kind: "flat" | "until" | "within" }>;

const knownSteps = new WeakMap<Curve, Stepped>();

/** The same value for the same curve: what is remembered of it is found again. */
function stepsOf(curve: Curve): Stepped {
  const known = knownSteps.get(curve);
  if (known) return known;
  const { fromSeconds, values } = curve;
  const steps: Stepped = { kind: "steps", fromSeconds, values };
  knownSteps.set(curve, steps);
  return steps;
}

function startOf(series: Stepped, step: number): number {
  return series.kind === "series"
    ? series.startSeconds + step * series.stepSeconds
    : series.fromSeconds[step]!;
}

/** Index of the step that holds at an instant. */
function stepAt(series: Stepped, atSeconds: number): number {
  const last = series.values.length - 1;
  if (series.kind === "series") {
    const step = Math.floor((atSeconds - series.startSeconds) / series.stepSeconds);
    return Math.min(Math.max(step, 0), last);
  }
  let [low, high] = [0, last];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (series.fromSeconds[middle]! <= atSeconds) low = middle;
    else high = middle - 1;
  }
  return low;
}

const knownSums = new WeakMap<Stepped, Float64Array>();

/** Integral from the start of step 0 to the start of each step. */
function prefixSums(series: Stepped): Float64Array {
  const known = knownSums.get(series);
  if (known) return known;
  const sums = new Float64Array(series.values.length);
  for (let step = 1; step < sums.length; step++) {
    sums[step] =
      sums[step - 1]! + series.values[step - 1]! * (startOf(series, step) - startOf(series, step - 1));
  }
  knownSums.set(series, sums);
  return sums;
}
