/**
 * The lower bound against proven optima: `npx tsx bench/bound.ts [INSTANCES [SOLVER [SEED]]]`, 200 with OR-Tools and seed 1
 * if not said otherwise. The solver is told nothing of the bound. Exits with 1 if the bound is above any optimum.
 */

import { bestStart, SOLVERS, type SolverName } from "../packages/cli/src/solver/index.ts";
import { randomPipeline } from "../packages/cli/test/support/random-pipeline.ts";
import {
  endOf,
  evaluateSchedule,
  exactModel,
  lowerBoundSeconds,
  type Pipeline,
  scheduleOf,
} from "../packages/core/src/pipeline/index.ts";
import { randomStream } from "../packages/core/src/simulator/random.ts";
import { quantile } from "./timing.ts";

interface Outcome {
  readonly pipeline: Pipeline;
  readonly boundSeconds: number;
  /** Undefined if the solver did not prove it within its limit. */
  readonly optimumSeconds: number | undefined;
  readonly solverSeconds: number;
}

const [instances = "200", solver = "or-tools", seed = "1"] = process.argv.slice(2);
const TIME_LIMIT_SECONDS = 60;

const random = randomStream(Number(seed), "bound");
const outcomes: Outcome[] = [];
for (let instance = 0; instance < Number(instances); instance++) {
  outcomes.push(await compare(randomPipeline(random), solver as SolverName));
  if (outcomes.length % 100 === 0) process.stderr.write(`${outcomes.length}\n`);
}
const groups: readonly (readonly [string, (pipeline: Pipeline) => boolean])[] = [
  ["all", () => true],
  ["memory for fewer than p", ({ memoryCap, ranks }) => Math.min(...memoryCap) < ranks],
  ["memory for p or more", ({ memoryCap, ranks }) => Math.min(...memoryCap) >= ranks],
  ["a slow hop", ({ hops }) => hops.some(({ latencySeconds }) => latencySeconds > 0)],
  ["messages that occupy", ({ hops }) => hops.some(({ occupancySeconds }) => occupancySeconds > 0)],
  ["gradients", ({ gradients }) => gradients !== undefined],
];
process.stdout.write(
  `${solver}, seed ${seed}\n\n` +
    "| instances | proven | above the optimum | mean gap | worst gap | tight | solver, median s | p95 s |\n" +
    "|---|---|---|---|---|---|---|---|\n",
);
for (const [name, belongs] of groups)
  process.stdout.write(
    `${row(
      name,
      outcomes.filter((o) => belongs(o.pipeline)),
    )}\n`,
  );
for (const { boundSeconds, optimumSeconds, pipeline } of outcomes.filter(isViolation))
  process.stdout.write(`${boundSeconds} > ${optimumSeconds}: ${JSON.stringify(pipeline)}\n`);
process.exitCode = outcomes.some(isViolation) || outcomes.length === 0 ? 1 : 0;

async function compare(pipeline: Pipeline, name: SolverName): Promise<Outcome> {
  const rankOfStage = Array.from({ length: pipeline.ranks }, (_, rank) => rank);
  const boundSeconds = lowerBoundSeconds(pipeline, { rankOfStage });
  const model = exactModel(pipeline);
  if (!model.lossless) throw new Error("a proof needs whole units of time");
  const begun = performance.now();
  const { starts, status } = await SOLVERS[name].solve(model, {
    timeLimitSeconds: TIME_LIMIT_SECONDS,
    warmStart: bestStart(model, pipeline),
  });
  const optimumSeconds = endOf(model, starts!) * model.unitSeconds;
  const { makespanSeconds } = evaluateSchedule(pipeline, scheduleOf(model, starts!)).stats;
  if (Math.abs(makespanSeconds - optimumSeconds) > 1e-9)
    throw new Error("the model is not the timing pass's");
  return {
    pipeline,
    boundSeconds,
    optimumSeconds: status === "optimal" ? optimumSeconds : undefined,
    solverSeconds: (performance.now() - begun) / 1000,
  };
}

function isViolation({ boundSeconds, optimumSeconds }: Outcome): boolean {
  return optimumSeconds !== undefined && boundSeconds > optimumSeconds * (1 + 1e-9);
}

function row(name: string, some: readonly Outcome[]): string {
  const gaps = some.flatMap(({ boundSeconds, optimumSeconds }) =>
    optimumSeconds === undefined ? [] : [1 - boundSeconds / optimumSeconds],
  );
  const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
  const seconds = some.map(({ solverSeconds }) => solverSeconds);
  const cells = [
    `${name}: ${some.length}`,
    gaps.length,
    some.filter(isViolation).length,
    percent(gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length),
    percent(Math.max(...gaps)),
    percent(gaps.filter((gap) => gap < 1e-9).length / gaps.length),
    quantile(seconds, 0.5).toFixed(2),
    quantile(seconds, 0.95).toFixed(2),
  ];
  return `| ${cells.join(" | ")} |`;
}
