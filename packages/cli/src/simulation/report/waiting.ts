// How long each job waited for its first start: bars where jobs are few, the distribution where they are many.
import { duration } from "@bace-pipe/core/format";
import { timeUnit } from "@bace-pipe/core/shell";
import * as Plot from "@observablehq/plot";
import { distribution, type JobResult, type Results, timesTable } from "./distribution.ts";
import { type Figure, pictureMarkup } from "./figure.ts";
import { clipped, colour, legend, tick, widthOf } from "./look.ts";
import { html } from "./markup.ts";

/** With more jobs, waiting times are drawn as a distribution. */
export const MOST_WAITING_JOBS = 30;

export function waitFigure(results: Results): Figure {
  const most = Math.max(...Object.values(results).map(({ jobs }) => jobs.length));
  const shown =
    most > MOST_WAITING_JOBS
      ? distribution(results, "started", (job) => job.waitSeconds)
      : waitingBars(results);
  return {
    id: "wait",
    title: "Waiting time per job",
    ...shown,
    data: timesTable("Waiting times", results, (job) => job.waitSeconds),
  };
}

function waitingBars(results: Results): Pick<Figure, "body" | "caption"> {
  const policies = Object.keys(results);
  const rows = policies.flatMap((policy) => results[policy]!.jobs.map((job) => ({ policy, ...job })));
  const jobs = [...new Set(rows.map(({ id }) => id))];
  const longest = rows.reduce((most, { waitSeconds }) => Math.max(most, waitSeconds ?? 0), 0);
  const unit = timeUnit(longest);
  const told = policies.map((policy) => {
    const { averageWaitSeconds, maxWaitSeconds } = results[policy]!;
    return `${policy} ${duration(averageWaitSeconds)} on average, at most ${duration(maxWaitSeconds)}`;
  });
  const picture = pictureMarkup({
    alternative: `Bars of each job's waiting time under each policy. ${told.join("; ")}.`,
    draw: (width) => {
      const letters = width < 500 ? 14 : 30;
      const label = (id: string) => clipped(id, letters);
      return {
        marginTop: 4,
        height: 44 + jobs.length * (policies.length * 7 + 9),
        marginLeft: 12 + Math.max(...jobs.map((id) => widthOf(label(id)))),
        marginBottom: 36,
        x: {
          domain: [0, longest / unit.seconds || 1],
          label: `${unit.name} from submission to start`,
          grid: true,
          ticks: width < 500 ? 5 : 10,
          tickFormat: tick,
        },
        y: { domain: policies, axis: null, padding: 0.1 },
        fy: { domain: jobs, label: null, axis: "left", padding: 0.2, tickFormat: label },
        marks: [
          Plot.ruleX([0], { strokeOpacity: 0.5 }),
          Plot.barX(rows, {
            x1: 0,
            x2: ({ waitSeconds }: JobResult) => (waitSeconds ?? Number.NaN) / unit.seconds,
            y: "policy",
            fy: "id",
            fill: ({ policy }: { policy: string }) => colour(policies.indexOf(policy)),
            title: ({ id, policy, waitSeconds }: JobResult & { policy: string }) =>
              `${id} under ${policy} waited ${duration(waitSeconds)}`,
          }),
        ],
        color: { type: "identity" },
      };
    },
  });
  return {
    body: html`${legend(policies)}${picture}`,
    caption: html`From submission to the first start; bars of a job in the order of the legend, no bar where it did not wait or never started. ${told.join("; ")}.`,
  };
}
