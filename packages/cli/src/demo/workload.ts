// The scenario's jobs as documents of their own, each with the time at which it is to be submitted.
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import type { NamedText } from "../files.ts";
import { scenarioOf } from "../simulation/run.ts";

export interface Submission extends NamedText {
  readonly id: string;
  readonly atSeconds: number;
}

/** In order of submission. Fails as `bace simulate` does if the scenario is wrong. */
export function submissionsOf(source: NamedText): Submission[] {
  const { jobs } = scenarioOf(source);
  const { jobs: written } = parse(source.text) as { readonly jobs: readonly object[] };
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
export const DEMO_SCENARIO = fileURLToPath(
  new URL("../../../../scenarios/demo-three-regions.yaml", import.meta.url),
);
