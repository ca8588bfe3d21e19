// Measured against predicted step time: the worker trains over the lab's WAN, core times the same order with the seconds of
// blocks that the worker has measured meanwhile (medians of its telemetry), the WAN as it is set, and one more figure that is
// measured once, apart: what it takes to hand a message over from one process to another.
import type { Plan } from "../../packages/core/src/control/plan.ts";
import { bitRate, deviation, duration } from "../../packages/core/src/format.ts";
import type { ScheduleName } from "../../packages/core/src/pipeline/index.ts";
import { type Report, type StageReport, type StepReport, train } from "./lab.ts";
import { FAST, type Network, nameOf, SLOW, settingOf } from "./networks.ts";
import {
  type BlockSeconds,
  nominalBlocks,
  orderOf,
  PAYLOAD_SHARE,
  periodSeconds,
  pipelineOf,
  planOf,
  type Setting,
} from "./setting.ts";
import type { Row } from "./table.ts";

export const STEPS = 14;
/** In which connections find their rate. */
export const WARM_UP_STEPS = 4;
export const DEADLINE_SECONDS = 120;
const LARGEST_ERROR = 0.05;
/** Of 1F1B over the WAN to 1F1B without: with less, to hide the WAN would prove nothing. */
const LEAST_SLOWDOWN = 1.5;
const LAYERS_WITH_COMPUTE = 4;

interface Measured {
  readonly measuredSeconds: number;
  /** Of core, for a given time to hand a message over. */
  predictedSeconds(handoverSeconds: number): number;
  readonly reports: readonly Report[];
}

export async function* timeRows(): AsyncGenerator<Row> {
  const handoverSeconds = await handover();
  yield {
    name: "handing a message over, 1 micro-batch, one region",
    measured: duration(handoverSeconds),
    against: "",
    result: "",
  };
  for (const network of [undefined, FAST, SLOW]) {
    for (const ranks of [2, 3, 4]) {
      const run = await measured(settingOf(ranks, network), "1f1b");
      yield timeRow(`1f1b, p = ${ranks}, ${nameOf(network)}`, run, handoverSeconds);
      if (network && ranks === 2) yield linkRow(network, run.reports);
    }
  }
  for (const network of [undefined, FAST]) {
    const run = await measured(settingOf(2, network), "1f1b", LAYERS_WITH_COMPUTE);
    yield timeRow(`1f1b, p = 2, ${nameOf(network)}, real compute`, run, handoverSeconds);
  }
}

/** WANs on which 1F1B is so much slower than without that it is worth while to hide them. */
const SLOWING = [
  [2, FAST],
  [4, SLOW],
] as const;

/** What other orders bring back there. */
export async function* scheduleRows(): AsyncGenerator<Row> {
  const handoverSeconds = await handover();
  for (const [ranks, network] of SLOWING) {
    const of = `p = ${ranks}, ${nameOf(network)}`;
    const near = await measured(settingOf(ranks, undefined), "1f1b");
    const far = await measured(settingOf(ranks, network), "1f1b");
    yield timeRow(`1f1b, ${of}`, far, handoverSeconds);
    yield ratioRow(`1f1b to one region, ${of}`, far, near, handoverSeconds, LEAST_SLOWDOWN);
    for (const schedule of ["1f1b-warmup", "crosspipe"] as const) {
      const run = await measured(settingOf(ranks, network), schedule);
      yield timeRow(`${schedule}, ${of}`, run, handoverSeconds);
      yield ratioRow(`${schedule} to 1f1b, ${of}`, run, far, handoverSeconds);
    }
  }
}

function timeRow(name: string, run: Measured, handoverSeconds: number): Row {
  const predictedSeconds = run.predictedSeconds(handoverSeconds);
  return {
    name: `step, ${name}`,
    measured: duration(run.measuredSeconds),
    against: `predicted ${duration(predictedSeconds)}`,
    result: deviation(run.measuredSeconds, predictedSeconds),
    target: {
      text: `± ${100 * LARGEST_ERROR} %`,
      met: Math.abs(run.measuredSeconds / predictedSeconds - 1) <= LARGEST_ERROR,
    },
  };
}

function ratioRow(name: string, run: Measured, to: Measured, handoverSeconds: number, least?: number): Row {
  const ratio = run.measuredSeconds / to.measuredSeconds;
  const predicted = run.predictedSeconds(handoverSeconds) / to.predictedSeconds(handoverSeconds);
  return {
    name: `ratio, ${name}`,
    measured: ratio.toFixed(3),
    against: `predicted ${predicted.toFixed(3)}`,
    result: deviation(ratio, predicted),
    ...(least === undefined ? {} : { target: { text: `ratio ≥ ${least}`, met: ratio >= least } }),
  };
}

/** What the worker says of its link, by which the scheduler would go: bits by seconds for which it was busy. */
function linkRow({ bitsPerSecond, ...network }: Network, reports: readonly Report[]): Row {
  const links = steadyOf(reports).flatMap(({ links: all }) => all);
  const sum = (of: (link: (typeof links)[number]) => number) =>
    links.reduce((total, link) => total + of(link), 0);
  const reported = (8 * sum(({ bytes }) => bytes)) / sum(({ seconds }) => seconds);
  const payload = bitsPerSecond * PAYLOAD_SHARE;
  return {
    name: `link as the worker reports it, ${nameOf({ bitsPerSecond, ...network })}`,
    measured: bitRate(reported),
    against: `payload at most ${bitRate(payload)}`,
    result: deviation(reported, payload),
  };
}

/** From a step with one micro-batch on two ranks, in which two messages are waited for; all else is predicted. */
async function handover(): Promise<number> {
  const run = await measured({ ...settingOf(2, undefined), microbatches: 1 }, "1f1b");
  return Math.max(0, run.measuredSeconds - run.predictedSeconds(0)) / 2;
}

/** `layersWithCompute`: that many layers on each rank, as fast as they are; without it, emulated blocks. */
export async function measured(
  setting: Setting,
  name: ScheduleName,
  layersWithCompute?: number,
): Promise<Measured> {
  const order = orderOf(setting, name);
  const emulated = layersWithCompute === undefined ? nominalBlocks(setting.ranks) : undefined;
  const plan = planOf(setting, order, { steps: STEPS, layersOfRank: layersWithCompute ?? 1, emulated });
  const reports = await train(setting.wan, plan, DEADLINE_SECONDS);
  const steady = steadyOf(reports);
  const first = stepsOf(steady, 0);
  const blocks = blocksOf(plan, steady);
  const updateSeconds = median(first.map((step) => step.updateSeconds));
  return {
    measuredSeconds: median(first.map(({ stepSeconds }) => stepSeconds)),
    predictedSeconds: (handoverSeconds) =>
      periodSeconds(order.compiled.schedule, pipelineOf(setting, blocks, handoverSeconds)) + updateSeconds,
    reports,
  };
}

function steadyOf(reports: readonly Report[]): readonly Report[] {
  return reports.filter(({ steps }) => steps.every(({ step }) => step > WARM_UP_STEPS));
}

function stepsOf(reports: readonly Report[], rank: number): readonly StepReport[] {
  return reports.filter((report) => report.rank === rank).flatMap(({ steps }) => steps);
}

/** Medians of every rank's steps. */
function blocksOf(plan: Plan, reports: readonly Report[]): BlockSeconds {
  const byRank = (of: (stage: StageReport) => number) =>
    plan.ranks.map(({ rank }) => median(stepsOf(reports, rank).map(({ stages }) => of(stages[0]!))));
  return {
    forward: byRank(({ forwardSeconds }) => forwardSeconds),
    backward: byRank(
      ({ backwardSeconds, inputGradSeconds, weightGradSeconds }) =>
        backwardSeconds ?? inputGradSeconds! + weightGradSeconds!,
    ),
    weightGrad: byRank(({ backwardSeconds, weightGradSeconds }) => weightGradSeconds ?? backwardSeconds! / 2),
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
}
