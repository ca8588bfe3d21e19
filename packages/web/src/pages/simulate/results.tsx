// What a simulation came to: what was run, policies beside each other, pictures, files.
import { Complaints } from "./complaints.tsx";
import { CompletionChart } from "./completion-chart.tsx";
import { CostChart } from "./cost-chart.tsx";
import { HeldChart } from "./held-chart.tsx";
import { offer } from "./offer.ts";
import type { Done } from "./request.ts";

interface Props {
  readonly done: Done;
  readonly file: string;
  /** Whether it is of what is on the page now. */
  readonly isCurrent: boolean;
  jump(line: number, column: number, length: number): void;
}

export function Results({ done, file, isCurrent, jump }: Props) {
  const { about, csv, json, unfinished, warnings } = done;
  const name = about.scenario.replaceAll(/[^\w.-]+/g, "-");
  return (
    <section className="results" aria-labelledby="results">
      <h2 id="results">Results</h2>
      {!isCurrent && (
        <p className="changed">The scenario or the choices have changed since: run it again for theirs.</p>
      )}
      <p className="small about">
        {about.scenario} · scenario <code title={about.scenarioHash}>{about.scenarioHash.slice(0, 12)}</code>{" "}
        · seed {about.seed} · time model {about.timeModel} · bace {about.version} ·{" "}
        {about.policies.join(", ")}
      </p>
      {warnings.length > 0 && (
        <Complaints kind="warning" diagnostics={warnings} texts={{}} file={file} jump={jump} />
      )}
      <Table done={done} />
      {unfinished.map((sentence) => (
        <p key={sentence} className="small">
          {sentence}
        </p>
      ))}
      <div className="buttons">
        <button type="button" onClick={() => offer(`${name}.json`, "application/json", json)}>
          Download JSON
        </button>
        <button type="button" onClick={() => offer(`${name}.csv`, "text/csv", csv)}>
          Download CSV
        </button>
      </div>
      <div className="charts">
        <CompletionChart done={done} />
        <CostChart done={done} />
        <HeldChart done={done} />
      </div>
    </section>
  );
}

function Table({ done: { headings, rows } }: { readonly done: Done }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is to be scrolled by keyboard too.
    <section className="scroll card" aria-label="Policies" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {headings.map((heading, i) => (
              <th key={heading} scope="col" data-layout={i > 0 ? "number" : undefined}>
                {heading.toLowerCase()}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(([first, ...cells]) => (
            <tr key={first!.text}>
              <th scope="row">{first!.text}</th>
              {cells.map(({ against, text }, i) => (
                <td key={headings[i + 1]} data-layout="number">
                  {text}
                  {against !== undefined && <span className="against">{against}</span>}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
