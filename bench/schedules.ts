// Making schedules: CrossPipe's greedy with its search and the lower bound, as `bace schedule` does it, and ZB-V generated
// and lowered to sends and receives. F = I = W = 1, latency 1 on the middle link.
// Times of the peers on two such cores, for one schedule without a bound: CrossPipe's own greedy in Python 50 ms at (16, 64)
// and 340 ms at (32, 128), its makespans the table below; zero-bubble's scheduler 49 and 200 ms; PyTorch's build and lowering
// of ZB-V 160 and 1200 ms.
import {
  compareSchedules,
  compileSchedule,
  generators,
  lowerSchedule,
  type Pipeline,
  timeSchedule,
  timingOf,
} from "../packages/core/src/pipeline/index.ts";
import type { Figure } from "./figures.ts";
import { medianMicroseconds } from "./timing.ts";

const SIZES = [
  [4, 8],
  [8, 16],
  [8, 32],
  [16, 64],
  [32, 128],
  [64, 512],
] as const;

export function* scheduleFigures(): Generator<Figure> {
  const milliseconds = new Map<string, number>();
  for (const [ranks, microbatches] of SIZES) {
    for (const times of [1, 2]) {
      const pipeline = cutInTheMiddle(ranks, microbatches, times * ranks);
      const size = `${ranks} stages, ${microbatches} micro-batches`;
      const name = `schedule, crosspipe, ${size}, memory ${times === 1 ? "p" : "2p"}`;
      const { best } = compareSchedules(pipeline, ["crosspipe"]);
      yield { name: `${name}: makespan`, value: best!.evaluation.timed.makespanSeconds };
      yield { name: `${name}: bound`, value: best!.lowerBoundSeconds };
      const value = medianMicroseconds(() => compareSchedules(pipeline, ["crosspipe"])) / 1000;
      milliseconds.set(`${ranks} ${times}`, value);
      yield { name: `${name}: time`, value };
    }
  }
  // 32 times the blocks; with a factor for the logarithm of the ranks, 6 instead of 4, they may take 48 times as long.
  for (const times of [1, 2]) {
    const growth = milliseconds.get(`64 ${times}`)! / milliseconds.get(`16 ${times}`)!;
    yield { name: `schedule, crosspipe, growth from (16, 64) to (64, 512), memory ${times}p`, value: growth };
  }
  for (const [ranks, microbatches] of [SIZES[3], SIZES[4]]) {
    const pipeline = cutInTheMiddle(ranks, microbatches, Number.POSITIVE_INFINITY);
    const lowered = () => {
      const schedule = generators["zb-v"].build({ ranks, microbatches, chunks: 2 });
      return lowerSchedule(timeSchedule(compileSchedule(schedule), timingOf(pipeline, schedule)), "push");
    };
    const name = `schedule, zb-v, ${ranks} stages, ${microbatches} micro-batches: built and lowered`;
    yield { name, value: medianMicroseconds(lowered) / 1000 };
  }
}

export function cutInTheMiddle(ranks: number, microbatches: number, memory: number): Pipeline {
  const ones = Array<number>(ranks).fill(1);
  return {
    ranks,
    microbatches,
    chunks: 1,
    forwardSeconds: ones,
    inputGradSeconds: ones,
    weightGradSeconds: ones,
    overheadSeconds: 0,
    hops: Array.from({ length: ranks - 1 }, (_, hop) => ({
      latencySeconds: hop === ranks / 2 - 1 ? 1 : 0,
      occupancySeconds: 0,
    })),
    memoryCap: Array<number>(ranks).fill(memory),
  };
}
