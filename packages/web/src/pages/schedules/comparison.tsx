// The generators beside each other, as `bace schedule` prints them; the boxes choose which timelines are drawn.
import type { Computed } from "./compute.ts";

interface Props {
  readonly computed: Computed;
  readonly drawn: readonly string[];
  draw(names: readonly string[]): void;
}

export function Comparison({ computed: { headings, legend, rows }, draw, drawn }: Props) {
  const toggle = (name: string) =>
    draw(drawn.includes(name) ? drawn.filter((other) => other !== name) : [...drawn, name]);
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is to be scrolled by keyboard too. */}
      <section className="scroll" aria-label="Generators" tabIndex={0}>
        <table>
          <thead>
            <tr>
              {headings.map(({ isNumber, name }) => (
                <th key={name} scope="col" data-layout={isNumber ? "number" : undefined}>
                  {name.toLowerCase()}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ cells: [first, ...cells], generator, isBest, isRefused }) => (
              <tr key={generator}>
                <th scope="row">
                  <label>
                    <input
                      type="checkbox"
                      checked={drawn.includes(generator) && !isRefused}
                      disabled={isRefused}
                      onChange={() => toggle(generator)}
                    />{" "}
                    <span className="unseen">draw </span>
                    {first}
                  </label>{" "}
                  {isBest && <span className="tag">best</span>}
                </th>
                {cells.map((cell, i) => (
                  <td key={headings[i + 1]!.name} data-layout={headings[i + 1]!.isNumber ? "number" : "text"}>
                    {cell}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <p className="small">{legend} A box in front of a generator draws its timeline.</p>
    </>
  );
}
