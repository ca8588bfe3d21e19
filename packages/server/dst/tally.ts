// What many runs have tried, added up.
import { FAULT_KINDS, type FaultKind } from "./faults.ts";
import type { PointCount } from "./lives.ts";
import type { Run } from "./run.ts";

export interface Tally {
  readonly seeds: number;
  readonly broken: readonly Pick<Run, "seed" | "violation">[];
  readonly faults: Readonly<Record<FaultKind, number>>;
  readonly points: ReadonlyMap<string, PointCount>;
  readonly lives: number;
  /** Appends that several submits shared. */
  readonly groups: number;
  readonly events: number;
  readonly happened: number;
  readonly virtualSeconds: number;
  /** Jobs by how they ended. */
  readonly outcomes: Readonly<Record<string, number>>;
}

export function tallyOf(runs: readonly Run[]): Tally {
  const sum = (of: (run: Run) => number) => runs.reduce((total, run) => total + of(run), 0);
  const points = new Map<string, PointCount>();
  for (const run of runs) {
    for (const [name, { crashed, passed }] of run.points) {
      const known = points.get(name) ?? { passed: 0, crashed: 0 };
      points.set(name, { passed: known.passed + passed, crashed: known.crashed + crashed });
    }
  }
  const outcomes: Record<string, number> = {};
  for (const run of runs)
    for (const [kind, count] of Object.entries(run.outcomes)) outcomes[kind] = (outcomes[kind] ?? 0) + count;
  return {
    outcomes,
    seeds: runs.length,
    broken: runs.filter(({ violation }) => violation !== undefined),
    faults: Object.fromEntries(
      FAULT_KINDS.map((kind) => [kind, sum(({ faults }) => faults[kind])]),
    ) as Tally["faults"],
    points,
    lives: sum(({ lives }) => lives),
    groups: sum(({ groups }) => groups),
    events: sum(({ events }) => events),
    happened: sum(({ happened }) => happened),
    virtualSeconds: sum(({ virtualSeconds }) => virtualSeconds),
  };
}

export function tallyText(tally: Tally, wallSeconds: number): string {
  const { broken, events, faults, groups, happened, lives, outcomes, points, seeds, virtualSeconds } = tally;
  const crashed = [...points].filter(([, point]) => point.crashed > 0);
  const never = [...points].filter(([, point]) => point.crashed === 0).map(([name]) => name);
  const line = (name: string, value: string) => `${name.padEnd(24)}${value}`;
  return [
    line("seeds", String(seeds)),
    line("with a broken invariant", String(broken.length)),
    ...broken.map(({ seed, violation }) => `  seed ${seed}: ${violation}`),
    line("virtual time", `${(virtualSeconds / 3600).toFixed(0)} h, ${happened} things that happened`),
    line("events of the logs", String(events)),
    line(
      "jobs",
      Object.entries(outcomes)
        .map(([kind, count]) => `${count} ${kind}`)
        .join(", "),
    ),
    line("lives of the service", String(lives)),
    line("shared appends", `${groups}, of several submits each`),
    line("effect points", `${points.size}, a crash tried at ${crashed.length} of them`),
    ...(never.length > 0 ? [line("  never at", never.join(", "))] : []),
    line("wall time", `${wallSeconds.toFixed(0)} s`),
    "faults",
    ...FAULT_KINDS.map((kind) => `  ${kind.padEnd(22)}${String(faults[kind]).padStart(10)}`),
    "",
  ].join("\n");
}
