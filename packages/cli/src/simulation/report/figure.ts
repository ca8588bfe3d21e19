// What every figure of the page has: heading, picture at two widths, what it tells in words, and its data as a table.
// Pictures are drawn by Observable Plot into a document that linkedom provides; they need neither browser nor script.
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { html, type Markup, NOTHING, type Part, trusted } from "./markup.ts";

/** Pixels: the page on a desk or on paper, and on a phone. Style sheets choose; text has the same size on both. */
const WIDTHS = { wide: 780, narrow: 336 } as const;

/** Tables with more rows than this are left to `--csv`. */
export const MOST_TABLE_ROWS = 200;

const { document } = parseHTML("<html></html>");

export interface Picture {
  /** What the picture tells, for those who cannot see it. */
  readonly alternative: string;
  draw(width: number): Plot.PlotOptions;
}

export function pictureMarkup({ alternative, draw }: Picture): Markup {
  return html`${Object.entries(WIDTHS).map(([name, width]) => {
    const svg = Plot.plot({
      document: document as never,
      width,
      style: { fontSize: "12px" },
      ...draw(width),
    });
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", alternative);
    svg.setAttribute("class", name);
    svg.querySelector("style")?.remove();
    return trusted(svg.outerHTML);
  })}`;
}

/** A column of the terminal's tables is one too. */
export interface PageColumn<Row> {
  readonly heading: string;
  readonly align?: "left" | "right";
  cell(row: Row): Part;
}

export interface Figure {
  readonly id: string;
  readonly title: string;
  /** What is shown and how to read it. */
  readonly caption: Part;
  readonly body: Part;
  readonly data?: Markup;
}

export function figureMarkup({ body, caption, data, id, title }: Figure): Markup {
  return html`<section id="${id}">
<h2>${title}</h2>
<figure>
${body}
<figcaption>${caption}</figcaption>
</figure>
${data ?? NOTHING}
</section>
`;
}

/** A table that opens at a click; a sentence instead where it would be long. */
export function dataTable<Row>(
  title: string,
  columns: readonly PageColumn<Row>[],
  rows: readonly Row[],
): Markup {
  if (rows.length > MOST_TABLE_ROWS)
    return html`<p class="small">${title}: ${rows.length} rows, more than a page should list. <code>bace simulate --csv</code> writes every job’s figures.</p>\n`;
  return html`<details><summary>${title}</summary>${table(title, columns, rows)}</details>\n`;
}

export function table<Row>(
  caption: string,
  columns: readonly PageColumn<Row>[],
  rows: readonly Row[],
): Markup {
  const kind = ({ align }: PageColumn<Row>) => (align === "right" ? trusted(' class="number"') : NOTHING);
  const head = columns.map((column) =>
    column.heading === "" ? html`<td></td>` : html`<th scope="col"${kind(column)}>${column.heading}</th>`,
  );
  const lines = rows.map((row) => {
    const cells = columns.map((column, i) =>
      i === 0
        ? html`<th scope="row">${column.cell(row)}</th>`
        : html`<td${kind(column)}>${column.cell(row)}</td>`,
    );
    return html`<tr>${cells}</tr>\n`;
  });
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table>
<thead><tr>${head}</tr></thead>
<tbody>
${lines}</tbody></table></div>`;
}

/** One column of labels, then one per policy. */
export function policyColumns<Row>(
  first: PageColumn<Row>,
  policies: readonly string[],
  cell: (row: Row, policy: string) => string,
): readonly PageColumn<Row>[] {
  return [
    first,
    ...policies.map(
      (policy): PageColumn<Row> => ({ heading: policy, align: "right", cell: (row) => cell(row, policy) }),
    ),
  ];
}
