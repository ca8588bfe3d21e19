// GPUs that jobs hold in each region over time.
import type { Step } from "./steps.ts";
import type { Trace } from "./trace.ts";

/** Steps of each region from the start until the end, the last value repeated there. */
export function heldByRegion(
  { regions, runs }: Trace,
  endSeconds: number,
): ReadonlyMap<string, readonly Step[]> {
  return new Map(regions.map(({ name }) => [name, heldIn(name, runs, endSeconds)]));
}

function heldIn(region: string, runs: Trace["runs"], endSeconds: number): readonly Step[] {
  const changes = new Map<number, number>([[0, 0]]);
  const change = (atSeconds: number, gpus: number) =>
    changes.set(atSeconds, (changes.get(atSeconds) ?? 0) + gpus);
  for (const { fromSeconds, parts, toSeconds } of runs)
    for (const part of parts) {
      if (part.region !== region) continue;
      change(fromSeconds, part.gpus);
      change(toSeconds, -part.gpus);
    }
  let value = 0;
  const steps = [...changes]
    .sort(([a], [b]) => a - b)
    .map(([atSeconds, gpus]): Step => {
      value += gpus;
      return { atSeconds, value };
    })
    .filter((step, i, all) => i === 0 || step.value !== all[i - 1]!.value);
  const last = steps.at(-1)!;
  return last.atSeconds < endSeconds ? [...steps, { atSeconds: endSeconds, value: last.value }] : steps;
}
