/**
 * A schedule as one HTML page that needs nothing else: the picture, what it is of, and the candidates it was chosen from.
 * No script, no network, no other file. The same input gives the same bytes.
 */

import type { Evaluation } from "../evaluate.ts";
import { COLOURS, escaped } from "./look.ts";
import { type PictureOptions, svgElement } from "./svg.ts";

export type PageOptions = PictureOptions & {
  readonly title: string;
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly candidates: {
    readonly headings: readonly string[];
    /** As many cells each as there are headings; the first names the row. */
    readonly rows: readonly (readonly string[])[];
    readonly legend: string;
  };
};

export function timelinePage(evaluation: Evaluation, options: PageOptions): string {
  const { candidates, facts, title } = options;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(title)}</title>
<style>${COLOURS}${STYLE}</style>
</head>
<body>
<h1>${escaped(title)}</h1>
<dl>
${facts.map(([name, value]) => `<dt>${escaped(name)}</dt><dd>${escaped(value)}</dd>`).join("\n")}
</dl>
<h2>Timeline</h2>
<div class="scroll">
${svgElement(evaluation, options)}
</div>
<p class="small">The pointer over a block or a line tells its times.</p>
<h2>Candidates</h2>
<div class="scroll">
<table>
<thead><tr>${candidates.headings.map((heading) => `<th scope="col">${escaped(heading)}</th>`).join("")}</tr></thead>
<tbody>
${candidates.rows.map(([first, ...cells]) => `<tr><th scope="row">${escaped(first ?? "")}</th>${cells.map((cell) => `<td>${escaped(cell)}</td>`).join("")}</tr>`).join("\n")}
</tbody>
</table>
</div>
<p class="small">${escaped(candidates.legend)}</p>
</body>
</html>
`;
}

const STYLE = `
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem 1rem 3rem; max-inline-size: 110rem; font: 15px / 1.45 system-ui, sans-serif; color: var(--text); background: var(--page); }
h1 { font-size: 1.4rem; margin: 0 0 0.6rem; }
h2 { font-size: 1.1rem; margin: 1.4rem 0 0.5rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.15rem 0.9rem; margin: 0; }
dt, .small, thead th { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
.small { font-size: 0.85rem; }
.scroll { overflow-x: auto; }
svg { display: block; }
table { border-collapse: collapse; font-size: 0.85rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.3rem 0.7rem; text-align: end; white-space: nowrap; vertical-align: top; }
th:first-child { text-align: start; }
thead th { font-weight: normal; }
tbody tr > * { border-block-start: 1px solid var(--line); }
tbody tr:first-child { font-weight: 600; }
.timeline .block:hover, .timeline .message:hover { stroke: var(--text); stroke-width: 2; opacity: 1; }
`;
