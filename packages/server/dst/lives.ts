// A life is one process of the service. Whatever it does to the outside goes past an effect point, where it may die: before
// the effect, or after it and before it hears of it. What a dead life awaits never comes, and nothing that it still does
// is seen outside.
import { randomStream } from "@bace-pipe/core";
import type { Faults } from "./faults.ts";

export interface Life {
  readonly number: number;
  dead: boolean;
}

/** An effect point that was passed, and how often a life died there. */
export interface PointCount {
  passed: number;
  crashed: number;
}

export interface EffectPoints {
  readonly counts: ReadonlyMap<string, PointCount>;
  /** Goes on unless the life is dead or dies here. */
  pass(life: Life, point: string): Promise<void>;
  /** The effect, with a point before and one after it. */
  around<T>(life: Life, point: string, effect: () => Promise<T>): Promise<T>;
}

const NEVER = new Promise<never>(() => {});

const FAVOURED = 0.2;
const FAVOURED_TRIALS = 30;

/** @param die ends a life: called once for each. */
export function createEffectPoints(
  seed: number,
  faults: Faults,
  die: (life: Life, point: string) => void,
): EffectPoints {
  const counts = new Map<string, PointCount>();
  const favoured = new Map<string, boolean>();
  const favours = (point: string): boolean => {
    const known = favoured.get(point) ?? randomStream(seed, `crash ${point}`)() < FAVOURED;
    favoured.set(point, known);
    return known;
  };
  const pass = async (life: Life, point: string): Promise<void> => {
    if (life.dead) return NEVER;
    const count = counts.get(point) ?? { passed: 0, crashed: 0 };
    counts.set(point, count);
    count.passed++;
    // Each run dies mostly at a few points of its own, or it would only ever die at those that are passed most.
    const trials = favours(point) ? FAVOURED_TRIALS : 1;
    let crashes = false;
    for (let trial = 0; trial < trials && !crashes; trial++) crashes = faults.happens("crash");
    if (!crashes) return;
    count.crashed++;
    die(life, point);
    return NEVER;
  };
  return {
    counts,
    pass,
    async around(life, point, effect) {
      await pass(life, `before ${point}`);
      try {
        return await effect();
      } finally {
        await pass(life, `after ${point}`);
      }
    },
  };
}
