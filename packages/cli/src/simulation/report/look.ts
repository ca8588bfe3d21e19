// Colours, legends and axes that figures share. A colour is never alone: lines have panels of their own, bars keep the
// order of the legend, and everything is in tables too.
import { figure } from "@bace-pipe/core/format";
import { timeUnit } from "@bace-pipe/core/shell";
import { html, type Markup } from "./markup.ts";

/** Of things that get a colour of their own; what comes after them shares the last one. */
export const MOST_COLOURS = 8;

/** Defined in style.ts for light and dark. */
export function colour(index: number): string {
  return `var(--c${Math.min(index, MOST_COLOURS - 1)})`;
}

export function legend(names: readonly string[]): Markup {
  return html`<ul class="legend">${names.map(
    (name, i) =>
      html`<li><svg width="12" height="12" aria-hidden="true"><rect width="12" height="12" fill="${colour(i)}"/></svg> ${name}</li>`,
  )}</ul>`;
}

/** The policy that the others are compared with. */
export function referenceOf(policies: readonly string[]): string {
  return policies.includes("bace") ? "bace" : policies[0]!;
}

export function timeAxis(mostSeconds: number, width: number) {
  const unit = timeUnit(mostSeconds);
  return {
    domain: [0, mostSeconds / unit.seconds || 1],
    label: `${unit.name} since the start`,
    ticks: width < 500 ? 5 : 10,
    tickFormat: tick,
  };
}

export const tick = (value: number): string => figure(value);

/** Pixels that a text needs at 12 px, generously. */
export function widthOf(text: string): number {
  return 7.3 * text.length;
}

export function clipped(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, Math.max(1, most - 1))}…` : text;
}
