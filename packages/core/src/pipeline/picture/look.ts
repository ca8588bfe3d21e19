/**
 * Colours and texts that the drawn pictures share. The four kinds of block are Okabe and Ito's colours, which people with
 * any kind of colour blindness tell apart; text on them has a contrast of 4.5 or more. A colour is never alone: blocks
 * carry their micro-batch, and what they are is told when the pointer is over them.
 */

import { duration } from "../../format.ts";

export const KINDS = [
  { kind: "F", name: "F forward" },
  { kind: "I", name: "I input gradient" },
  { kind: "W", name: "W weight gradient" },
  { kind: "B", name: "B whole backward" },
] as const;

export const COLOURS = `
:root {
  color-scheme: light dark;
  --page: #ffffff; --text: #1b1f24; --soft: #57606a; --line: #d5dae0; --idle: #e9edf1; --bound: #8e3fa8;
  --F: #0072b2; --onF: #ffffff; --I: #e69f00; --onI: #1b1f24; --W: #009e73; --onW: #0b0d10; --B: #d55e00; --onB: #0b0d10;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --page: #14171b; --text: #e6e9ed; --soft: #a3adb8; --line: #383f47; --idle: #2b3138; --bound: #cf8fe8;
    --F: #56b4e9; --onF: #0b0d10; --I: #f0b429; --W: #1fb989; --B: #f07c2e; --onI: #0b0d10;
  }
}`;

/** Seconds as people read them; exact to four digits, unlike a table's. */
export function instant(seconds: number): string {
  return seconds < 0.9995
    ? `${Number((1000 * seconds).toPrecision(4))} ms`
    : `${Number(seconds.toPrecision(4))} s`;
}

export function hopText(latencySeconds: number, occupancySeconds: number): readonly string[] {
  return [
    ...(latencySeconds > 0 ? [`latency ${duration(latencySeconds)}`] : []),
    ...(occupancySeconds > 0 ? [`message ${duration(occupancySeconds)}`] : []),
  ];
}

export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
