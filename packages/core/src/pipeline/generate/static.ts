/** Generators that know nothing of time, by name. A new one is one file and one line here. */

import { gpipe } from "./gpipe.ts";
import { oneFOneB } from "./one-f-one-b.ts";
import type { Generator } from "./shape.ts";

export const generators = {
  "1f1b": oneFOneB,
  gpipe,
} as const satisfies Record<string, Generator>;

export type GeneratorName = keyof typeof generators;

export const generatorNames: readonly GeneratorName[] = Object.keys(generators) as GeneratorName[];
