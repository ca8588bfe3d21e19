// Step lines of several policies, each in a panel of its own above one axis, with the reference's dotted in all of
// them: policies often do the same for hours, and lines in one panel would hide each other.
import * as Plot from "@observablehq/plot";
import { pictureMarkup } from "./figure.ts";
import { colour, referenceOf, tick, widthOf } from "./look.ts";
import type { Markup } from "./markup.ts";

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Line {
  /** A value holds from its x on. */
  readonly points: readonly Point[];
  /** What it comes to, in words. */
  readonly note: string;
}

export interface Panels {
  readonly alternative: string;
  /** By policy. */
  readonly lines: ReadonlyMap<string, Line>;
  /** A thin line in all panels. */
  readonly limit?: readonly Point[];
  x(width: number): Plot.ScaleOptions;
  readonly y?: Plot.ScaleOptions;
}

export function panels({ alternative, limit = [], lines, x, y }: Panels): Markup {
  const policies = [...lines.keys()];
  const rows = [...lines].flatMap(([policy, { points }], i) =>
    points.map((point) => ({ ...point, policy, fill: colour(i) })),
  );
  const dotted = policies.length > 1 ? lines.get(referenceOf(policies))!.points : [];
  const stepwise = { x: "x", y: "y", curve: "step-after" } as const;
  return pictureMarkup({
    alternative: `${alternative} ${[...lines].map(([policy, { note }]) => `${policy}: ${note}`).join("; ")}.`,
    draw: (width) => {
      const names = Math.max(...policies.map(widthOf));
      const notes = Math.max(...[...lines.values()].map(({ note }) => widthOf(note)));
      // Side by side where there is room, otherwise one above the other.
      const twoLines = names + notes > width - 90;
      return {
        height: 44 + policies.length * (twoLines ? 106 : 92),
        marginLeft: 48,
        marginTop: 4,
        marginBottom: 40,
        x: x(width),
        y: { label: null, grid: true, tickFormat: tick, nice: true, zero: true, ticks: 3, ...y },
        fy: {
          domain: policies,
          axis: null,
          paddingInner: twoLines ? 0.4 : 0.3,
          paddingOuter: twoLines ? 0.28 : 0.18,
        },
        color: { type: "identity" },
        marks: [
          Plot.areaY(rows, {
            x: "x",
            y1: 0,
            y2: "y",
            curve: "step-after",
            fy: "policy",
            fill: "fill",
            fillOpacity: 0.3,
          }),
          Plot.line(rows, { ...stepwise, fy: "policy", stroke: "fill", strokeWidth: 1.5 }),
          Plot.line(limit, { ...stepwise, stroke: "var(--soft)" }),
          Plot.line(dotted, { ...stepwise, stroke: "currentColor", strokeDasharray: "2 3" }),
          Plot.ruleY([0], { strokeOpacity: 0.5 }),
          Plot.text(policies, {
            fy: (policy: string) => policy,
            text: (policy: string) => policy,
            frameAnchor: "top-left",
            lineAnchor: "bottom",
            dy: twoLines ? -19 : -5,
            fontWeight: "bold",
          }),
          Plot.text(lines, {
            fy: ([policy]: [string, Line]) => policy,
            text: ([, { note }]: [string, Line]) => note,
            frameAnchor: twoLines ? "top-left" : "top-right",
            lineAnchor: "bottom",
            dy: -5,
            fill: "var(--soft)",
          }),
        ],
      };
    },
  });
}

/** What the caption says of the dotted line. */
export function dottedNote(policies: readonly string[]): string {
  return policies.length > 1 ? `Dotted: ${referenceOf(policies)}. ` : "";
}
