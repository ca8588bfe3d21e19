// A picture by Observable Plot, as wide as its place, and its figures as a table.
import * as Plot from "@observablehq/plot";
import { type ReactNode, useEffect, useRef, useState } from "react";

interface Props {
  readonly title: string;
  /** What the picture tells, for those who cannot see it. */
  readonly alternative: string;
  readonly caption: ReactNode;
  draw(width: number): Plot.PlotOptions;
  readonly headings: readonly string[];
  /** The first cell names the row. */
  readonly rows: readonly (readonly string[])[];
  readonly children?: ReactNode;
}

export function Chart({ alternative, caption, children, draw, headings, rows, title }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.round(entry!.contentRect.width)));
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    if (width === 0) return;
    const svg = Plot.plot({ width, style: { fontSize: "12px" }, ...draw(width) });
    // Marks are named for nobody: the picture is one image with one text.
    for (const part of svg.querySelectorAll("[aria-label]")) part.removeAttribute("aria-label");
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", alternative);
    box.current!.replaceChildren(svg);
  }, [alternative, draw, width]);
  return (
    <figure className="card chart">
      <h3>{title}</h3>
      {children}
      <div ref={box} className="picture" />
      <figcaption className="small">{caption}</figcaption>
      <details>
        <summary>{title}, as a table</summary>
        <Figures title={title} headings={headings} rows={rows} />
      </details>
    </figure>
  );
}

function Figures({ headings, rows, title }: Pick<Props, "headings" | "rows" | "title">) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is to be scrolled by keyboard too.
    <section className="scroll" aria-label={`${title}, figures`} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {headings.map((heading, i) => (
              <th key={heading} scope="col" data-layout={i > 0 ? "number" : undefined}>
                {heading}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(([first, ...cells]) => (
            <tr key={first}>
              <th scope="row">{first}</th>
              {cells.map((cell, i) => (
                <td key={headings[i + 1]} data-layout="number">
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
