// The policies by the names that the report gives them.
import {
  BASELINES,
  contender,
  LENIENT_BASELINES,
  PLUS_ABLATIONS,
  STUDY_POLICIES,
} from "@bace-pipe/core/experiment";
import { REFERENCES } from "../plan.ts";
import { table } from "./markdown.ts";

const ABLATION_TEXT: Readonly<Record<string, string>> = {
  "plus-no-hiding": "no extra warm-up: a hop costs its round trip in every micro-batch",
  "plus-no-waiting": "never waits for GPUs that are about to be free",
  "plus-no-patience": "no reservation for a job that has waited too long",
  "plus-price-now": "the price now, not over the run",
  "plus-no-deferral": "never waits for cheaper electricity",
  "plus-time-only": "does not weigh cost",
  "plus-beam": "beam search of paths, not the exact one",
  "plus-formula": "the formula's best placement, without timing the best few by their schedule",
};

export function policiesSection(): string {
  const described = (name: string) => [name, contender(name, {}).description];
  return [
    "## The policies\n",
    table(
      ["policy", "what it does"],
      [
        ...["bace-plus", ...STUDY_POLICIES].map(described),
        [
          `${LENIENT_BASELINES[0]} and so on`,
          `${BASELINES[0]} and so on, but jobs behind one that has to wait may start, and any number of GPUs from the least will do`,
        ],
        ...REFERENCES.map(described),
        ...Object.keys(PLUS_ABLATIONS).map((name) => [
          name,
          `bace-plus, one idea left out: ${ABLATION_TEXT[name] ?? name}`,
        ]),
      ],
    ),
  ].join("\n");
}
