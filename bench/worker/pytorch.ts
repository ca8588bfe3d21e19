// The same order of blocks, run by PyTorch's `_PipelineScheduleRuntime` on gloo: the same model on the same samples, blocks
// that last as long, the same update of the weights. Two ways: `compute_only`, to which PyTorch adds sends and receives
// itself, and `compute_comms` with every receive posted at the start of the step, which is the fair one: gloo sends nothing
// before the receiver has said that it is ready.
import { duration } from "../../packages/core/src/format.ts";
import {
  lowerSchedule,
  type Schedule,
  type ScheduleName,
  type TimedSchedule,
  torchCsv,
} from "../../packages/core/src/pipeline/index.ts";
import { runTorch, type TorchRun } from "./lab.ts";
import { FAST, nameOf, settingOf } from "./networks.ts";
import { nominalBlocks, orderOf, planOf, type Setting } from "./setting.ts";
import type { Row } from "./table.ts";
import { DEADLINE_SECONDS, measured, median, STEPS, WARM_UP_STEPS } from "./time.ts";

const ROUNDS = 2;

export async function* torchRows(): AsyncGenerator<Row> {
  for (const network of [undefined, FAST]) {
    for (const schedule of ["1f1b", "1f1b-warmup"] as const) {
      if (!network && schedule !== "1f1b") continue; // without a delay they are the same
      for (const ranks of [2, 4]) {
        const seconds = await secondsInTurn(settingOf(ranks, network), schedule);
        for (const format of FORMATS) {
          const ratio = seconds.worker / seconds[format];
          yield {
            name: `${schedule}, p = ${ranks}, ${nameOf(network)}`,
            measured: duration(seconds.worker),
            against: `PyTorch ${format} ${duration(seconds[format])}`,
            result: ratio.toFixed(3),
            target: { text: "≤ 1", met: ratio <= 1 },
          };
        }
      }
    }
  }
}

const FORMATS = ["compute_only", "compute_comms"] as const;
type Contender = "worker" | TorchRun["format"];

/** A step of each, as the mean of runs that took turns: between two runs of the same thing this machine differs by 5 %. */
async function secondsInTurn(
  setting: Setting,
  schedule: ScheduleName,
): Promise<Readonly<Record<Contender, number>>> {
  const sums: Record<Contender, number> = { worker: 0, compute_only: 0, compute_comms: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    sums.worker += (await measured(setting, schedule)).measuredSeconds / ROUNDS;
    for (const format of FORMATS) sums[format] += (await torchSeconds(setting, schedule, format)) / ROUNDS;
  }
  return sums;
}

async function torchSeconds(
  setting: Setting,
  name: ScheduleName,
  format: TorchRun["format"],
): Promise<number> {
  const order = orderOf(setting, name);
  const run: TorchRun = {
    plan: planOf(setting, order, { steps: STEPS, layersOfRank: 1, emulated: nominalBlocks(setting.ranks) }),
    csv: torchCsv(format === "compute_only" ? order.compiled.schedule : receivesFirst(order)),
    format,
  };
  const seconds = await runTorch(setting.wan, run, DEADLINE_SECONDS);
  return median(seconds[0]!.slice(WARM_UP_STEPS));
}

/** Every rank's receives at the start of its row, in the order in which they are sent. */
function receivesFirst(order: TimedSchedule): Schedule {
  const lowered = lowerSchedule(order, "rendezvous");
  const isReceive = (kind: string) => kind.startsWith("RECV");
  return {
    ...lowered,
    ranks: lowered.ranks.map((actions) => [
      ...actions.filter(({ kind }) => isReceive(kind)),
      ...actions.filter(({ kind }) => !isReceive(kind)),
    ]),
  };
}
