// `bace simulate --html --csv --jsonl`: what a simulation leaves behind besides the table.
import type { State } from "@bace-pipe/core";
import type { SimulationReport } from "@bace-pipe/core/shell";
import { createRecorder, csvText, jsonLines, type Recorder } from "@bace-pipe/core/shell";
import type { NamedText } from "../../files.ts";
import type { Io } from "../../io.ts";
import { checkedTarget, refuseClashes, type Target, writeWhole } from "./files.ts";

export interface ReportFiles {
  readonly html?: string | undefined;
  readonly csv?: string | undefined;
  readonly jsonl?: string | undefined;
}

export interface Reports {
  /** For the simulation of each policy; pictures need it. */
  readonly observe?: (policy: string) => (state: State) => void;
  write(report: SimulationReport): Promise<void>;
}

/** Throws, before anything is simulated, where a file could not be written. */
export async function prepareReports(
  files: ReportFiles,
  source: NamedText,
  sourceName: string,
  io: Io,
): Promise<Reports> {
  const targetOf = async (option: string, name: string | undefined): Promise<Target | undefined> =>
    name === undefined ? undefined : await checkedTarget(option, name, io);
  const html = await targetOf("--html", files.html);
  const csv = await targetOf("--csv", files.csv);
  const jsonl = await targetOf("--jsonl", files.jsonl);
  await refuseClashes(
    [html, csv, jsonl].filter((target) => target !== undefined),
    source,
    sourceName,
  );
  const recorders = new Map<string, Recorder>();
  const observe = (policy: string) => {
    const recorder = createRecorder();
    recorders.set(policy, recorder);
    return recorder.observe;
  };
  return {
    ...(html ? { observe } : {}),
    async write(report) {
      if (csv) await writeWhole(csv, csvText(report));
      if (jsonl) await writeWhole(jsonl, jsonLines(report));
      if (!html) return;
      // Drawing brings a charting library and a document with it: a quarter of a second that only pictures cost.
      const { pageText } = await import("./page.ts");
      const traces = new Map([...recorders].map(([policy, recorder]) => [policy, recorder.trace()]));
      await writeWhole(html, pageText(report, traces));
    },
  };
}
