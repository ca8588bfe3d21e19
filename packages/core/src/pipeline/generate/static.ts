/** Generators that know nothing of time, by name. A new one is one file and one line here. */

import { dualPipe } from "./dualpipe.ts";
import { dualPipeV } from "./dualpipe-v.ts";
import { gpipe } from "./gpipe.ts";
import { interleavedOneFOneB } from "./interleaved-1f1b.ts";
import { loopedBfs } from "./looped-bfs.ts";
import { oneFOneB } from "./one-f-one-b.ts";
import type { Generator } from "./shape.ts";
import { vHalf } from "./v-half.ts";
import { vMin } from "./v-min.ts";
import { zbH1 } from "./zb-h1.ts";
import { zbH2 } from "./zb-h2.ts";
import { zbV } from "./zb-v.ts";

export const generators = {
  "1f1b": oneFOneB,
  gpipe,
  "interleaved-1f1b": interleavedOneFOneB,
  "looped-bfs": loopedBfs,
  "zb-h1": zbH1,
  "zb-h2": zbH2,
  "zb-v": zbV,
  "v-half": vHalf,
  "v-min": vMin,
  dualpipe: dualPipe,
  "dualpipe-v": dualPipeV,
} as const satisfies Record<string, Generator>;

export type GeneratorName = keyof typeof generators;

export const generatorNames: readonly GeneratorName[] = Object.keys(generators) as GeneratorName[];
