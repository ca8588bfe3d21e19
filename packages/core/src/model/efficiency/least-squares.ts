// Nonlinear least squares for a handful of unknowns: Levenberg–Marquardt with Nielsen's damping (Madsen, Nielsen,
// Tingleff 2004, §3.2) and derivatives by differences. Made for unknowns of order one (logarithms), where one step
// size fits all. Left out: bounds, sparse problems.

const STEP = 1e-5;
const TOLERANCE = 1e-9;
const MOST_STEPS = 200;

/** Minimises Σ r², r = residuals(z), from `start`. Deterministic. */
export function leastSquares(
  residuals: (unknowns: readonly number[]) => readonly number[],
  start: readonly number[],
): number[] {
  let unknowns = [...start];
  let current = residuals(unknowns);
  let cost = sumOfSquares(current);
  let [damping, growth] = [1e-3, 2];
  for (let step = 0; step < MOST_STEPS; step++) {
    const { matrix, gradient } = normalEquations(residuals, unknowns, current);
    const damped = matrix.map((row, i) => row.map((value, j) => (i === j ? value * (1 + damping) : value)));
    const move = solve(
      damped,
      gradient.map((value) => -value),
    );
    const next = unknowns.map((value, i) => value + move[i]!);
    const nextResiduals = residuals(next);
    const nextCost = sumOfSquares(nextResiduals);
    if (nextCost < cost) {
      const gained = cost - nextCost;
      [unknowns, current, cost] = [next, nextResiduals, nextCost];
      [damping, growth] = [damping / 3, 2];
      if (gained <= TOLERANCE * (cost + TOLERANCE)) return unknowns;
    } else {
      if (sumOfSquares(move) < TOLERANCE ** 2) return unknowns;
      [damping, growth] = [damping * growth, growth * 2];
    }
  }
  return unknowns;
}

function sumOfSquares(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value * value, 0);
}

function normalEquations(
  residuals: (unknowns: readonly number[]) => readonly number[],
  unknowns: readonly number[],
  current: readonly number[],
): { readonly matrix: number[][]; readonly gradient: number[] } {
  const columns = unknowns.map((value, i) => {
    const moved = residuals(unknowns.with(i, value + STEP));
    return moved.map((residual, row) => (residual - current[row]!) / STEP);
  });
  const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
  return {
    matrix: columns.map((a) => columns.map((b) => dot(a, b))),
    gradient: columns.map((a) => dot(a, current)),
  };
}

/** Gaussian elimination with partial pivoting; unknowns on which nothing depends stay 0. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const rows = matrix.map((row, i) => [...row, right[i]!]);
  const size = rows.length;
  for (let column = 0; column < size; column++) {
    let pivot = column;
    for (let i = column + 1; i < size; i++) {
      if (Math.abs(rows[i]![column]!) > Math.abs(rows[pivot]![column]!)) pivot = i;
    }
    [rows[column], rows[pivot]] = [rows[pivot]!, rows[column]!];
    const lead = rows[column]![column]!;
    if (lead === 0) continue;
    for (let i = column + 1; i < size; i++) {
      const factor = rows[i]![column]! / lead;
      for (let j = column; j <= size; j++) rows[i]![j]! -= factor * rows[column]![j]!;
    }
  }
  const solution = Array<number>(size).fill(0);
  for (let i = size - 1; i >= 0; i--) {
    const known = solution.reduce((sum, value, j) => (j > i ? sum + rows[i]![j]! * value : sum), 0);
    const lead = rows[i]![i]!;
    solution[i] = lead === 0 ? 0 : (rows[i]![size]! - known) / lead;
  }
  return solution;
}
