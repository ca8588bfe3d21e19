// The same order of blocks, run by PyTorch's `_PipelineScheduleRuntime` on gloo: stages that sleep as long as the worker's
// blocks last, messages of the same size. Two ways: `compute_only`, to which PyTorch adds sends and receives itself, and
// `compute_comms` with every receive posted at the start of the step, which is the fair one: gloo sends nothing before the
// receiver has said that it is ready.
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
import { MESSAGE_SHAPE, nominalBlocks, orderOf, type Setting } from "./setting.ts";
import type { Row } from "./table.ts";
import { DEADLINE_SECONDS, measured, median, STEPS, WARM_UP_STEPS } from "./time.ts";

export async function* torchRows(): AsyncGenerator<Row> {
  for (const network of [undefined, FAST]) {
    for (const schedule of ["1f1b", "1f1b-warmup"] as const) {
      if (!network && schedule !== "1f1b") continue; // without a delay they are the same
      for (const ranks of [2, 4]) {
        const setting = settingOf(ranks, network);
        const { measuredSeconds } = await measured(setting, schedule);
        for (const format of ["compute_only", "compute_comms"] as const) {
          const torchSeconds = await torchTime(setting, schedule, format);
          const ratio = measuredSeconds / torchSeconds;
          yield {
            name: `${schedule}, p = ${ranks}, ${nameOf(network)}`,
            measured: duration(measuredSeconds),
            against: `PyTorch ${format} ${duration(torchSeconds)}`,
            result: ratio.toFixed(3),
            target: { text: "≤ 1", met: ratio <= 1 },
          };
        }
      }
    }
  }
}

export async function torchTime(
  setting: Setting,
  name: ScheduleName,
  format: TorchRun["format"],
): Promise<number> {
  const { backward, forward } = nominalBlocks(setting.ranks);
  const order = orderOf(setting, name);
  const run: TorchRun = {
    csv: torchCsv(format === "compute_only" ? order.compiled.schedule : receivesFirst(order)),
    format,
    microbatches: setting.microbatches,
    messageShape: MESSAGE_SHAPE,
    forwardSeconds: forward,
    backwardSeconds: backward,
    steps: STEPS,
    regions: setting.regions,
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
