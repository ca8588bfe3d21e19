// A job shop as a mixed-integer programme: one column per start, the last end, and a 0-1 column for each pair of operations
// of one machine whose order is open. A pair's two rows hold either way with a large constant, which is no larger than
// the operations' windows make it: heads and tails by longest path, under the end of a known solution.
import type { ExactModel } from "@bace-pipe/core/pipeline";

export interface Milp {
  /** Starts by operation, the last end, then 1 for each pair whose first comes before its second. */
  readonly columnLower: readonly number[];
  readonly columnUpper: readonly number[];
  readonly pairs: readonly (readonly [first: number, second: number])[];
  readonly rows: readonly Row[];
}

/** `lower` ≤ Σ coefficient · column */
export interface Row {
  readonly columns: readonly number[];
  readonly coefficients: readonly number[];
  readonly lower: number;
}

export function milp(model: ExactModel, latestEnd: number, earliestEnd: number): Milp {
  const { choices, machines, operations, precedences } = model;
  const { heads, tails } = windows(model);
  const latest = operations.map(({ duration }, id) => latestEnd - tails[id]! - duration);
  const end = operations.length;
  const columnLower = [...heads, earliestEnd];
  const columnUpper = [...latest, latestEnd];
  const pairs: [number, number][] = [];
  const rows: Row[] = precedences.map(({ after, before, lag }) => ({
    columns: [after, before],
    coefficients: [1, -1],
    lower: operations[before]!.duration + lag,
  }));
  for (const [id, { duration }] of operations.entries())
    rows.push({ columns: [end, id], coefficients: [1, -1], lower: duration + tails[id]! });

  const columnOf = new Map<string, number>();
  const comesAfter = successors(model);
  for (const machine of machines) {
    for (const [position, first] of machine.entries()) {
      for (const second of machine.slice(position + 1)) {
        if (comesAfter[first]!.has(second) || comesAfter[second]!.has(first)) continue;
        const column = end + 1 + pairs.push([first, second]) - 1;
        columnOf.set(`${first} ${second}`, column);
        const ahead = latest[first]! + operations[first]!.duration - heads[second]!;
        const behind = latest[second]! + operations[second]!.duration - heads[first]!;
        // An order that the windows rule out leaves the column no choice.
        columnLower.push(latest[first]! < heads[second]! + operations[second]!.duration ? 1 : 0);
        columnUpper.push(latest[second]! < heads[first]! + operations[first]!.duration ? 0 : 1);
        const gapAhead = Math.max(0, ahead);
        const gapBehind = Math.max(0, behind);
        rows.push({
          columns: [second, first, column],
          coefficients: [1, -1, -gapAhead],
          lower: operations[first]!.duration - gapAhead,
        });
        rows.push({
          columns: [first, second, column],
          coefficients: [1, -1, gapBehind],
          lower: operations[second]!.duration,
        });
      }
    }
  }
  for (const { either, operation } of choices) {
    // What precedence has decided already needs no column: one that has ended by then, and no more is asked.
    if (either.some((id) => comesAfter[id]!.has(operation))) continue;
    const open = either.filter((id) => !comesAfter[operation]!.has(id));
    const forward = open.flatMap((id) => columnOf.get(`${id} ${operation}`) ?? []);
    const backward = open.flatMap((id) => columnOf.get(`${operation} ${id}`) ?? []);
    rows.push({
      columns: [...forward, ...backward],
      coefficients: [...forward.map(() => 1), ...backward.map(() => -1)],
      lower: 1 - backward.length,
    });
  }
  return { columnLower, columnUpper, pairs, rows };
}

/** A solution's columns; its starts satisfy the model. */
export function columnsOf({ operations }: ExactModel, { pairs }: Milp, starts: readonly number[]): number[] {
  const last = operations.reduce((end, { duration }, id) => Math.max(end, starts[id]! + duration), 0);
  const order = pairs.map(([first, second]) => {
    const ends = starts[first]! + operations[first]!.duration;
    return starts[first]! < starts[second]! || ends <= starts[second]! ? 1 : 0;
  });
  return [...starts, last, ...order];
}

/** The earliest starts in the order that the columns say: whole numbers, whatever the solver's tolerances. */
export function startsOf(
  model: ExactModel,
  { pairs }: Milp,
  columns: { readonly [column: number]: number },
): readonly number[] {
  const order = pairs.map(([first, second], pair) => {
    const ahead = columns[model.operations.length + 1 + pair]! > 0.5;
    return ahead ? { before: first, after: second, lag: 0 } : { before: second, after: first, lag: 0 };
  });
  return windows({ ...model, precedences: [...model.precedences, ...order] }).heads;
}

/** Longest paths before the start and after the end of each operation. */
function windows({ operations, precedences }: ExactModel) {
  const heads = operations.map(({ release }) => release);
  const tails = operations.map(() => 0);
  // As many rounds as a path turns against the order in which precedences are listed.
  for (let changed = true; changed; ) {
    changed = false;
    for (const { after, before, lag } of precedences) {
      const head = heads[before]! + operations[before]!.duration + lag;
      const tail = tails[after]! + operations[after]!.duration + lag;
      if (head <= heads[after]! && tail <= tails[before]!) continue;
      heads[after] = Math.max(heads[after]!, head);
      tails[before] = Math.max(tails[before]!, tail);
      changed = true;
    }
  }
  return { heads, tails };
}

/** By operation: all that precedence puts behind it. */
function successors({ operations, precedences }: ExactModel): readonly ReadonlySet<number>[] {
  const next = operations.map((): number[] => []);
  for (const { after, before } of precedences) next[before]!.push(after);
  return operations.map((_, id) => {
    const reached = new Set<number>();
    const stack = [id];
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      for (const after of next[at]!) {
        if (reached.has(after)) continue;
        reached.add(after);
        stack.push(after);
      }
    }
    return reached;
  });
}
