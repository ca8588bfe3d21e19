// Lagrangian bound: GPUs have a price λ(t) ≥ 0, every job takes the start and the number of GPUs that cost it least in
// time and price, and what all GPUs would have earned is taken off again:
//   L(λ) = Σ_j min over start s ≥ r_j, choice (k, T) of [ s + T − r_j + k·∫_s^{s+T} λ ] − G·∫ λ
// No schedule has a lower sum of JCTs, whatever λ is. λ is a step function, so the minimum over s is at an edge of a
// step, or where the end is at one: found exactly, nothing is rounded. λ is raised where jobs want more than there is.

export interface Choices {
  readonly submitSeconds: number;
  /** Number of GPUs and the seconds that the job then takes without pause. Never empty. */
  readonly choices: readonly { readonly gpus: number; readonly seconds: number }[];
}

const ITERATIONS = 120;
/** A job's last look may start where prices have ended. */
const PATIENCE = 6;

/** Of the sum of JCTs. @param edges ascending, of the steps of λ, from 0; @param startPrices one per step. */
export function lagrangianBound(
  jobs: readonly Choices[],
  gpus: number,
  edges: readonly number[],
  startPrices: readonly number[],
  targetSeconds: number,
): number {
  const steps = edges.length - 1;
  const prices = Float64Array.from(startPrices);
  const sums = new Float64Array(edges.length);
  const usage = new Float64Array(steps);
  let best = 0;
  let stepSize = 1;
  let stale = 0;
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    for (let i = 0; i < steps; i++) sums[i + 1] = sums[i]! + prices[i]! * (edges[i + 1]! - edges[i]!);
    usage.fill(0);
    let bound = -gpus * sums[steps]!;
    for (const job of jobs) {
      const { cost, end, start, width } = cheapest(job, edges, sums, prices);
      bound += cost;
      spread(usage, edges, start, end, width);
    }
    if (bound > best) {
      best = bound;
      stale = 0;
    } else if (++stale >= PATIENCE) {
      stepSize /= 2;
      stale = 0;
    }
    let norm = 0;
    for (let i = 0; i < steps; i++) {
      const seconds = edges[i + 1]! - edges[i]!;
      const excess = usage[i]! - gpus * seconds;
      usage[i] = prices[i] === 0 && excess < 0 ? 0 : excess;
      norm += (usage[i]! * usage[i]!) / seconds;
    }
    if (norm === 0) break;
    const scale = (stepSize * Math.max(targetSeconds - bound, 1e-3 * targetSeconds)) / norm;
    for (let i = 0; i < steps; i++) {
      const seconds = edges[i + 1]! - edges[i]!;
      prices[i] = Math.max(0, prices[i]! + (scale * usage[i]!) / seconds);
    }
  }
  return best;
}

function cheapest(
  { choices, submitSeconds }: Choices,
  edges: readonly number[],
  sums: Float64Array,
  prices: Float64Array,
) {
  let best = { cost: Number.POSITIVE_INFINITY, start: 0, end: 0, width: 0 };
  for (const { gpus, seconds } of choices) {
    let [atStart, atEnd] = [0, 0];
    const consider = (start: number): void => {
      if (start < submitSeconds) return;
      const end = start + seconds;
      while (atStart + 1 < edges.length && edges[atStart + 1]! <= start) atStart++;
      while (atEnd + 1 < edges.length && edges[atEnd + 1]! <= end) atEnd++;
      const paid = until(end, atEnd, edges, sums, prices) - until(start, atStart, edges, sums, prices);
      const cost = end - submitSeconds + gpus * paid;
      if (cost < best.cost) best = { cost, start, end, width: gpus };
    };
    consider(submitSeconds);
    for (const edge of edges) consider(edge);
    [atStart, atEnd] = [0, 0];
    for (const edge of edges) consider(edge - seconds);
  }
  return best;
}

/** ∫ λ from 0 to an instant in the step that begins at `edges[step]`; beyond the last edge GPUs are free. */
function until(
  at: number,
  step: number,
  edges: readonly number[],
  sums: Float64Array,
  prices: Float64Array,
): number {
  return step === edges.length - 1 ? sums[step]! : sums[step]! + prices[step]! * (at - edges[step]!);
}

function spread(
  usage: Float64Array,
  edges: readonly number[],
  start: number,
  end: number,
  width: number,
): void {
  for (let i = 0; i < usage.length && edges[i]! < end; i++) {
    const overlap = Math.min(end, edges[i + 1]!) - Math.max(start, edges[i]!);
    if (overlap > 0) usage[i]! += width * overlap;
  }
}
