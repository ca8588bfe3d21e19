// Colours, dashes and axes that the charts share. A colour is never alone: lines are dashed differently too, bars and areas
// carry their names, and everything is in tables.
import { figure } from "@bace-pipe/core/format";

const COLOURS = 8;
const DASHES = ["", "7 3", "2 3", "9 3 2 3", "4 2", "12 4", "1 2", "6 2 1 2 1 2"] as const;

/** Defined in the page's style sheet for light and dark; what comes after the last one shares it. */
export function colour(index: number): string {
  return `var(--c${Math.min(index, COLOURS - 1)})`;
}

export function dash(index: number): string {
  return DASHES[index % DASHES.length]!;
}

export const tick = (value: number): string => figure(value);

/** Pixels that a text needs at 12 px, generously. */
export function widthOf(text: string): number {
  return 7.3 * text.length;
}
