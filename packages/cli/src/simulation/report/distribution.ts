// The share of all jobs that are done within a time: an empirical distribution function per policy. Jobs that were never
// done keep a curve below 100 %.
import type { PolicyResult } from "@bace-pipe/core";
import { duration, figure } from "@bace-pipe/core/format";
import { completionTimes, MOST_RANKS, ranks, timeUnit } from "@bace-pipe/core/shell";
import { dataTable, type Figure, policyColumns } from "./figure.ts";
import { tick } from "./look.ts";
import { html, type Markup } from "./markup.ts";
import { dottedNote, panels } from "./panels.ts";

export type Results = Readonly<Record<string, PolicyResult>>;
export type JobResult = PolicyResult["jobs"][number];

/** An axis over a wider range than this is logarithmic. */
const WIDE_RANGE = 50;

export function jctFigure(results: Results): Figure {
  return {
    id: "jct",
    title: "Job completion times",
    ...distribution(results, "finished", (job) => job.jctSeconds),
    data: timesTable("Job completion times", results, (job) => job.jctSeconds),
  };
}

export function distribution(
  results: Results,
  done: string,
  timeOf: (job: JobResult) => number | null,
): Pick<Figure, "body" | "caption"> {
  const policies = Object.keys(results);
  const curves = Object.entries(results).map(([policy, { jobs }]) => ({
    policy,
    count: jobs.length,
    times: completionTimes(jobs, timeOf),
  }));
  const known = curves.flatMap(({ times }) => times);
  const longest = known.reduce((most, time) => Math.max(most, time), 0);
  const shortest = known.reduce((least, time) => Math.min(least, time), longest);
  const logarithmic = shortest > 0 && longest / shortest > WIDE_RANGE;
  const unit = timeUnit(longest);
  const thinned = curves.some(({ times }) => times.length > MOST_RANKS);
  const start = logarithmic ? [] : [{ x: 0, y: 0 }];
  const lines = new Map(
    curves.map(({ policy, times, count }) => {
      const points = ranks(times, count).map(([time, y]) => ({ x: time / unit.seconds, y }));
      const end = { x: longest / unit.seconds, y: times.length / count };
      const [half, most] = [0.5, 0.95].map((part) => times[Math.ceil(part * count) - 1]);
      const note = `half within ${duration(half)}, 95 % within ${duration(most)}`;
      return [policy, { points: [...start, ...points, end], note }];
    }),
  );
  const picture = panels({
    alternative: `Curves of the share of jobs that had ${done} within a time of their submission.`,
    lines,
    x: (width) => ({
      type: logarithmic ? "log" : "linear",
      domain: [logarithmic ? shortest / unit.seconds : 0, longest / unit.seconds || 1],
      label: `${unit.name} since submission${logarithmic ? ", logarithmic" : ""}`,
      ticks: width < 500 ? 4 : 10,
      tickFormat: tick,
    }),
    y: { domain: [0, 1], ticks: 2, tickFormat: percent },
  });
  return {
    body: picture,
    caption: html`Share of all jobs that had ${done} within a time of their submission: further left and up is better. ${dottedNote(policies)}${
      thinned ? `Drawn are ${MOST_RANKS} of the jobs, equally far apart in rank.` : ""
    }`,
  };
}

const percent = (part: number): string => `${figure(100 * part)} %`;

/** A row per job, a column per policy. */
export function timesTable(
  title: string,
  results: Results,
  timeOf: (job: JobResult) => number | null,
): Markup {
  const policies = Object.keys(results);
  const times = new Map(
    policies.map((policy) => [policy, new Map(results[policy]!.jobs.map((job) => [job.id, timeOf(job)]))]),
  );
  const jobs = [...new Set(policies.flatMap((policy) => results[policy]!.jobs.map(({ id }) => id)))];
  const columns = policyColumns<string>({ heading: "JOB", cell: (id) => id }, policies, (id, policy) =>
    duration(times.get(policy)!.get(id)),
  );
  return dataTable(`${title}, as a table`, columns, jobs);
}
