// The scenario's jobs as documents of their own, each with the time at which it is to be submitted.
import { join } from "node:path";
import { jobNames } from "@bace-pipe/core/spec";
import { parse } from "yaml";
import { badInput } from "../failure.ts";
import type { NamedText } from "../files.ts";
import { SCENARIOS } from "../places.ts";
import { scenarioOf } from "../simulation/run.ts";

export interface Submission extends NamedText {
  readonly id: string;
  readonly atSeconds: number;
}

/** As the file has it, before defaults. */
interface Written {
  readonly jobs?: readonly { readonly name: string; readonly copies?: number }[];
  readonly trace?: object;
}

/** In order of submission. Fails as `bace simulate` does if the scenario is wrong. */
export function submissionsOf(source: NamedText): Submission[] {
  const { jobs } = scenarioOf(source);
  const { jobs: entries = [], trace } = parse(source.text) as Written;
  if (trace)
    throw badInput("job-without-training", "jobs of a trace say nothing to train", "leave `trace` out");
  const written = entries.flatMap(({ copies, ...entry }) =>
    jobNames({ name: entry.name, copies }).map((name) => ({ ...entry, name })),
  );
  return jobs
    .map((job, i) => ({
      id: job.id,
      atSeconds: job.submitSeconds,
      file: `${job.id}.json`,
      text: JSON.stringify(written[i]),
      directory: source.directory,
    }))
    .sort((a, b) => a.atSeconds - b.atSeconds);
}

/** The repository's own scenario, wherever one stands. */
export const DEMO_SCENARIO = join(SCENARIOS, "demo-three-regions.yaml");
