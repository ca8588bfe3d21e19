// What PyTorch's runtime makes of these files is in worker/tests/test_schedule_csv.py; here is what is in them.
import { describe, expect, test } from "vitest";
import {
  compileSchedule,
  generateSchedule,
  isCommunication,
  lowerSchedule,
  type Pipeline,
  type Schedule,
  type ScheduleName,
  scheduleNames,
  timeSchedule,
  timingOf,
  torchCsv,
  torchRefusal,
} from "../../src/pipeline/index.ts";

const pipeline: Pipeline = {
  ranks: 4,
  microbatches: 8,
  chunks: 1,
  forwardSeconds: [1, 1, 1, 1],
  inputGradSeconds: [1, 1, 1, 1],
  weightGradSeconds: [1, 1, 1, 1],
  overheadSeconds: 0,
  hops: [0, 2, 0].map((latencySeconds) => ({ latencySeconds, occupancySeconds: latencySeconds / 4 })),
  memoryCap: [16, 16, 16, 16],
};

function made(name: ScheduleName): Schedule {
  const result = generateSchedule(name, pipeline);
  if (result.kind === "refused") throw new Error(result.reason);
  return result.schedule;
}

function lowered(schedule: Schedule): Schedule {
  return lowerSchedule(timeSchedule(compileSchedule(schedule), timingOf(pipeline, schedule)), "rendezvous");
}

const cells = (csv: string) => csv.split("\n").flatMap((row) => row.split(","));

test("1F1B of two stages, as blocks alone and with sends and receives", () => {
  const small = {
    ...pipeline,
    ranks: 2,
    microbatches: 2,
    hops: [{ latencySeconds: 0, occupancySeconds: 0 }],
  };
  const result = generateSchedule("1f1b", small);
  if (result.kind === "refused") throw new Error(result.reason);
  const { schedule } = result;
  expect(torchCsv(schedule)).toBe("0F0,0F1,0B0,0B1\n1F0,1B0,1F1,1B1\n");
  const timed = timeSchedule(compileSchedule(schedule), timingOf(small, schedule));
  expect(torchCsv(lowerSchedule(timed, "push"))).toBe(
    "0F0,0SEND_F0,0F1,0SEND_F1,0RECV_B0,0B0,0RECV_B1,0B1,0REDUCE_GRAD\n" +
      "1RECV_F0,1F0,1RECV_F1,1B0,1SEND_B0,1F1,1B1,1SEND_B1,1REDUCE_GRAD\n",
  );
});

describe.each(scheduleNames.filter((name) => torchRefusal(made(name)) === undefined))("%s", (name) => {
  const schedule = made(name);

  test("every action has a cell, in its rank's row", () => {
    const rows = torchCsv(schedule).trimEnd().split("\n");
    expect(rows).toHaveLength(schedule.ranks.length);
    const parts = rows.map((row) => row.split(",").flatMap((cell) => cell.match(/\d+[FBIW]\d+/g)!));
    expect(parts).toEqual(
      schedule.ranks.map((actions) =>
        actions.map(({ kind, microbatch, stage }) => `${stage}${kind}${microbatch}`),
      ),
    );
  });

  test("lowered, each stage reduces its gradients once, right after the last of them", () => {
    const written = torchCsv(lowered(schedule));
    const reductions = cells(written).filter((cell) => cell.endsWith("REDUCE_GRAD"));
    expect(reductions.toSorted()).toEqual(
      schedule.rankOfStage.map((_, stage) => `${stage}REDUCE_GRAD`).toSorted(),
    );
    for (const row of written.trimEnd().split("\n")) {
      for (const [, stage, after] of row.matchAll(/(?:^|,)(\d+)REDUCE_GRAD(.*)/g))
        expect(after).not.toMatch(new RegExp(`\\b${stage}[BW]\\d`));
    }
  });

  test("lowered, no send or receive is lost", () => {
    const schedule_ = lowered(schedule);
    const count = schedule_.ranks.flat().filter(({ kind }) => isCommunication(kind)).length;
    expect(cells(torchCsv(schedule_)).filter((cell) => /SEND|RECV/.test(cell))).toHaveLength(count);
  });
});

test("what runs together is one cell: receives before it, sends after it", () => {
  const schedule = made("dualpipe-v");
  expect(torchCsv(schedule)).toMatch(/\(\d+F\d+;\d+B\d+\)OVERLAP_F_B/);
  const fused = schedule.ranks.flat().filter((action) => action.fused).length;
  expect(torchCsv(lowered(schedule)).match(/OVERLAP_F_B/g)).toHaveLength(fused);
});

test("pipelines in both directions are refused: PyTorch keeps a stage on one rank", () => {
  const schedule = made("dualpipe");
  expect(torchRefusal(schedule)).toMatch(/each stage on one rank/);
  expect(() => torchCsv(schedule)).toThrow(RangeError);
});
