// Results as data: CSV with a row per policy and job, and JSON Lines with the whole result. Figures in full precision.
// Every row says what it is a result of, so that files of several runs can be put together.
import type { PolicyResult } from "../../simulator/metrics.ts";
import type { SimulationReport } from "./report.ts";

type JobResult = PolicyResult["jobs"][number];

/** RFC 4180: a line of headings, CRLF, quotes where needed. What is not known is empty. */
export function csvText(report: SimulationReport): string {
  const { policies, ...run } = report;
  const rows = Object.entries(policies).flatMap(([policy, { jobs }]) =>
    jobs.map((job) => ({ ...run, policy, ...cellsOf(job) })),
  );
  // A field that only some jobs have is a column all the same.
  const headings = [...new Set(rows.flatMap(Object.keys))];
  const lines = rows.map((row: Readonly<Record<string, unknown>>) => headings.map((name) => cell(row[name])));
  return [headings, ...lines].map((line) => `${line.join(",")}\r\n`).join("");
}

/** One cell per field; the placement as "frankfurt=64;tokyo=16", in pipeline order. */
function cellsOf({ placement, ...fields }: JobResult): Readonly<Record<string, unknown>> {
  return {
    ...fields,
    placementGpus: placement.map(({ region, gpus }) => `${region}=${gpus}`).join(";"),
  };
}

function cell(value: unknown): string {
  if (value == null) return "";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** First what was run, then every job under every policy, then the policies' summaries. */
export function jsonLines(report: SimulationReport): string {
  const { policies, ...run } = report;
  const results = Object.entries(policies);
  const records = [
    { kind: "run", ...run, policies: results.map(([policy]) => policy) },
    ...results.flatMap(([policy, { jobs }]) => jobs.map((job) => ({ kind: "job", policy, ...job }))),
    ...results.map(([policy, { jobs: _jobs, ...summary }]) => ({ kind: "summary", policy, ...summary })),
  ];
  return records.map((record) => `${JSON.stringify(record)}\n`).join("");
}
