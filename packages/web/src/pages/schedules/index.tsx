// Schedules: what each generator makes of a pipeline over a slow link, while one turns its figures. Everything is in the
// address: a link shows the same.
import "./schedules.css";
import { duration } from "@bace-pipe/core/format";
import { replaceQuery } from "../../location.ts";
import { CopyButton } from "../../parts/copy-button.tsx";
import type { PageProps } from "../index.ts";
import { Comparison } from "./comparison.tsx";
import { Inputs } from "./inputs.tsx";
import { commandOf, PRESET, parametersOf, queryOf } from "./parameters.ts";
import { TimelineFigure } from "./timeline.tsx";
import { type Schedules, useSchedules } from "./use-schedules.ts";

const DRAWN = ["crosspipe", "1f1b"];

export function SchedulesPage({ place: { query } }: PageProps) {
  const parameters = parametersOf(query);
  const drawn = query.get("draw")?.split(",") ?? DRAWN;
  const asked = { parameters, drawn };
  const schedules = useSchedules(asked, JSON.stringify(asked));
  const command = commandOf(parameters).join(" ");
  return (
    <div className="schedules">
      <h1>Schedules</h1>
      <p className="small">
        Orders of a training step’s work over pipeline stages, with a slow link between two of them.
      </p>
      <section className="card" aria-label="Pipeline">
        <Inputs parameters={parameters} change={(next) => replaceQuery(queryOf(next, drawn))} />
        <div className="buttons">
          <CopyButton label="Copy as command" text={command} />
          <CopyButton label="Copy link" text={window.location.href} />
          <button type="button" onClick={() => replaceQuery(queryOf(PRESET, DRAWN))}>
            Begin again
          </button>
        </div>
        <p className="small command">
          <code>{command}</code>
        </p>
      </section>
      <Shown
        schedules={schedules}
        drawn={drawn}
        draw={(names) => replaceQuery(queryOf(parameters, names))}
        command={command}
      />
    </div>
  );
}

interface ShownProps {
  readonly schedules: Schedules;
  readonly drawn: readonly string[];
  draw(names: readonly string[]): void;
  readonly command: string;
}

function Shown({ command, draw, drawn, schedules: { answer, isCurrent } }: ShownProps) {
  if (!answer) return <p role="status">Computing …</p>;
  if (answer.kind === "broken")
    return (
      <p role="alert">
        <strong>The schedules could not be computed:</strong> {answer.message}
      </p>
    );
  if (answer.kind === "refused") {
    if (!isCurrent) return <p role="status">Computing …</p>;
    return (
      <p role="alert" className="problem">
        <strong>{answer.problem.message}</strong>: {answer.problem.hint}
      </p>
    );
  }
  const { makespanSeconds, generator } = answer.result;
  return (
    <div className="answer" aria-busy={!isCurrent} data-current={isCurrent}>
      <h2>Generators</h2>
      <p className="small" role="status">
        {isCurrent ? `Best: ${generator}, ${duration(makespanSeconds)}.` : "Computing …"}
      </p>
      <Comparison computed={answer} drawn={drawn} draw={draw} />
      <h2>Timelines</h2>
      {answer.timelines.map((timeline) => (
        <TimelineFigure key={timeline.generator} timeline={timeline} command={command} />
      ))}
      {answer.timelines.length === 0 && <p>Choose generators above.</p>}
    </div>
  );
}
