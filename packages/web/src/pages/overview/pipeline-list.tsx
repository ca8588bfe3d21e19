// What runs, by path: pointing at a path shows it on the map.
import { figure, gpus } from "@bace-pipe/core/format";
import type { JobView } from "../../api.ts";
import { part } from "../../format.ts";
import { addressOf } from "../../location.ts";
import { Bar } from "../../parts/bar.tsx";
import type { Pipeline } from "./pipelines.ts";

const MOST_PATHS = 12;
const MOST_JOBS = 4;

export interface PipelineListProps {
  readonly pipelines: readonly Pipeline[];
  readonly chosen: string | undefined;
  readonly choose: (path: string | undefined) => void;
}

export function PipelineList({ choose, chosen, pipelines }: PipelineListProps) {
  const hidden = pipelines.length - MOST_PATHS;
  return (
    <section aria-labelledby="pipelines" className="pipelines">
      <h2 id="pipelines">Running pipelines</h2>
      {pipelines.length === 0 && <p className="small">Nothing runs.</p>}
      <ul>
        {pipelines.slice(0, MOST_PATHS).map((pipeline) => {
          const key = pipeline.path.join("\n");
          return (
            <li
              key={key}
              className={key === chosen ? "card chosen" : "card"}
              onPointerEnter={() => choose(key)}
              onPointerLeave={() => choose(undefined)}
              onFocus={() => choose(key)}
              onBlur={() => choose(undefined)}
            >
              <h3>{pipeline.path.join(" → ")}</h3>
              <p className="small">{gpus(pipeline.gpus)}</p>
              <Jobs jobs={pipeline.jobs} />
            </li>
          );
        })}
      </ul>
      {hidden > 0 && (
        <p className="small">
          and {figure(hidden)} other paths: <a href={addressOf(["queue"])}>all jobs</a>
        </p>
      )}
    </section>
  );
}

function Jobs({ jobs }: { readonly jobs: readonly JobView[] }) {
  const hidden = jobs.length - MOST_JOBS;
  return (
    <ul>
      {jobs.slice(0, MOST_JOBS).map(({ id, iterations, step }) => (
        <li key={id}>
          <a href={addressOf(["jobs", id])}>{id}</a>{" "}
          <span className="small">
            {step} of {iterations}
          </span>
          <Bar fraction={part(step, iterations)} />
        </li>
      ))}
      {hidden > 0 && <li className="small">and {figure(hidden)} more</li>}
    </ul>
  );
}
