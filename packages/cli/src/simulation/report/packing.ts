// Which of a region's GPUs a run is drawn on. The simulator only counts GPUs; a picture needs places. Each run gets the
// lowest gap that holds all of its GPUs, or the lowest free ones where no gap is wide enough, in several pieces then.
import type { Run } from "@bace-pipe/core/shell";

export interface Bar {
  readonly run: Run;
  readonly gpus: number;
  /** Contiguous GPUs [from, until) of the region, each list of pieces ascending. */
  readonly pieces: readonly (readonly [from: number, until: number])[];
}

/** Bars of one region, in the order in which they began. */
export function packed(runs: readonly Run[], region: string): readonly Bar[] {
  const here = runs
    .flatMap((run) => {
      const gpus = run.parts.reduce((sum, part) => sum + (part.region === region ? part.gpus : 0), 0);
      return gpus > 0 && run.toSeconds > run.fromSeconds ? [{ run, gpus }] : [];
    })
    .sort((a, b) => a.run.fromSeconds - b.run.fromSeconds);
  /** When each GPU is free again. */
  const freeAtSeconds: number[] = [];
  return here.map(({ gpus, run }) => {
    const isFree = (slot: number) => (freeAtSeconds[slot] ?? Number.NEGATIVE_INFINITY) <= run.fromSeconds;
    const slots = gapOf(gpus, isFree, freeAtSeconds.length) ?? lowestFree(gpus, isFree);
    for (const slot of slots) freeAtSeconds[slot] = run.toSeconds;
    return { run, gpus, pieces: piecesOf(slots) };
  });
}

/** Never beyond what was in use before, unless nothing below is wide enough and the top is free. */
function gapOf(gpus: number, isFree: (slot: number) => boolean, known: number): number[] | undefined {
  let from = 0;
  for (let slot = 0; slot < known; slot++) {
    if (!isFree(slot)) from = slot + 1;
    else if (slot + 1 - from === gpus) return range(from, gpus);
  }
  const free = range(0, known).filter(isFree).length;
  // Growing while GPUs below are free would draw more GPUs than the region has.
  return free === known - from ? range(from, gpus) : undefined;
}

function lowestFree(gpus: number, isFree: (slot: number) => boolean): number[] {
  const slots: number[] = [];
  for (let slot = 0; slots.length < gpus; slot++) if (isFree(slot)) slots.push(slot);
  return slots;
}

function range(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => from + i);
}

function piecesOf(slots: readonly number[]): readonly (readonly [number, number])[] {
  const pieces: [number, number][] = [];
  for (const slot of slots) {
    const last = pieces.at(-1);
    if (last && last[1] === slot) last[1] = slot + 1;
    else pieces.push([slot, slot + 1]);
  }
  return pieces;
}
