// A job shop for OR-Tools' CP-SAT, in the fields of its CpModelProto: one integer per start, an interval per operation of a
// machine, and a truth value for each "ended before" that a choice is about.
import type { ExactModel } from "@bace-pipe/core/pipeline";

interface Linear {
  readonly vars: readonly number[];
  readonly coeffs: readonly number[];
}

type Constraint =
  | {
      readonly linear: Linear & { readonly domain: readonly number[] };
      readonly enforcementLiteral?: number[];
    }
  | { readonly interval: Readonly<Record<"start" | "size" | "end", Linear & { readonly offset: number }>> }
  | { readonly noOverlap: { readonly intervals: readonly number[] } }
  | { readonly boolOr: { readonly literals: readonly number[] } };

export interface CpModel {
  readonly variables: readonly { readonly name: string; readonly domain: readonly number[] }[];
  readonly constraints: readonly Constraint[];
  readonly objective: Linear;
  readonly solutionHint?: { readonly vars: readonly number[]; readonly values: readonly number[] };
}

/** Variables are the starts by operation, then the last end, then truth values. */
export function cpModel(
  { choices, horizon, machines, operations, precedences }: ExactModel,
  latestEnd = horizon,
  earliestEnd = 0,
): CpModel {
  const variables = operations.map(({ duration, release }, id) => ({
    name: `s${id}`,
    domain: [release, latestEnd - duration],
  }));
  const end = variables.push({ name: "end", domain: [earliestEnd, latestEnd] }) - 1;
  const constraints: Constraint[] = [];
  const atLeast = (later: number, earlier: number, gap: number, literal?: number) =>
    constraints.push({
      linear: { vars: [later, earlier], coeffs: [1, -1], domain: [gap, latestEnd] },
      ...(literal !== undefined && { enforcementLiteral: [literal] }),
    });

  for (const machine of machines) {
    const intervals = machine.map((id) => {
      const { duration } = operations[id]!;
      const start = { vars: [id], coeffs: [1] };
      const size = { vars: [], coeffs: [], offset: duration };
      constraints.push({
        interval: { start: { ...start, offset: 0 }, size, end: { ...start, offset: duration } },
      });
      return constraints.length - 1;
    });
    constraints.push({ noOverlap: { intervals } });
  }
  const followed = new Set<number>();
  for (const { after, before, lag } of precedences) {
    atLeast(after, before, operations[before]!.duration + lag);
    followed.add(before);
  }
  for (const [id, { duration }] of operations.entries()) if (!followed.has(id)) atLeast(end, id, duration);

  const literalOf = new Map<string, number>();
  /** Both are of one machine: if the one has not ended before the other, that ends before it. */
  const endedBefore = (first: number, second: number): number => {
    const key = `${first} ${second}`;
    const known = literalOf.get(key);
    if (known !== undefined) return known;
    const literal = variables.push({ name: key, domain: [0, 1] }) - 1;
    literalOf.set(key, literal);
    atLeast(second, first, operations[first]!.duration, literal);
    atLeast(first, second, operations[second]!.duration, -literal - 1);
    return literal;
  };
  for (const { either, operation } of choices)
    constraints.push({ boolOr: { literals: either.map((id) => endedBefore(id, operation)) } });
  return { variables, constraints, objective: { vars: [end], coeffs: [1] } };
}
