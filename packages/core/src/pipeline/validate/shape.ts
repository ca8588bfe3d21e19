/** Sizes, ranges and placement: what must hold before anything else about a schedule can be asked. */

import { isCommunication, peerStage, rankOf, type Schedule } from "../schedule.ts";
import { describe, type PlacedAction, type ScheduleProblem } from "./problem.ts";

export function shapeProblems(schedule: Schedule): readonly ScheduleProblem[] {
  const { microbatches, mirrored, rankOfStage, stages } = schedule;
  const wrong: string[] = [];
  if (!isCount(stages)) wrong.push(`stages is ${stages}`);
  if (!isCount(microbatches)) wrong.push(`microbatches is ${microbatches}`);
  wrong.push(...wronglyPlaced("rankOfStage", rankOfStage, schedule));
  if (mirrored) {
    const { firstMicrobatch } = mirrored;
    // At `microbatches` the second direction is there and empty.
    if (!isIndex(firstMicrobatch, microbatches + 1))
      wrong.push(`mirrored.firstMicrobatch is ${firstMicrobatch} of ${microbatches}`);
    wrong.push(...wronglyPlaced("mirrored.rankOfStage", mirrored.rankOfStage, schedule));
  }
  return wrong.map((message) => ({
    code: "schedule/bad-shape",
    actions: [],
    message,
    advice:
      "Give positive whole numbers of stages and micro-batches, for each stage one of the ranks in each direction, and a first micro-batch of the second direction.",
  }));
}

function wronglyPlaced(
  name: string,
  rankOfStage: readonly number[],
  { ranks, stages }: Schedule,
): readonly string[] {
  const wrong = rankOfStage.flatMap((rank, stage) =>
    isIndex(rank, ranks.length) ? [] : [`${name} puts stage ${stage} on rank ${rank} of ${ranks.length}`],
  );
  return rankOfStage.length === stages
    ? wrong
    : [`${name} places ${rankOfStage.length} stages of ${stages}`, ...wrong];
}

export function placementProblems(schedule: Schedule): readonly ScheduleProblem[] {
  return schedule.ranks.flatMap((actions, rank) =>
    actions.flatMap((action, position) => misplaced(schedule, { rank, position, action }) ?? []),
  );
}

function misplaced(schedule: Schedule, placed: PlacedAction): ScheduleProblem | undefined {
  const { stages, microbatches } = schedule;
  const { kind, stage, microbatch } = placed.action;
  if (!isIndex(stage, stages) || !isIndex(microbatch, microbatches)) {
    return {
      code: "schedule/out-of-range",
      actions: [placed],
      message: `${describe(placed)} is outside ${stages} stages and ${microbatches} micro-batches`,
      advice: "Number stages and micro-batches from 0.",
    };
  }
  const owner = rankOf(schedule, stage, microbatch);
  if (owner !== placed.rank) {
    const second = schedule.mirrored && microbatch >= schedule.mirrored.firstMicrobatch;
    return {
      code: "schedule/wrong-rank",
      actions: [placed],
      message: `${describe(placed)} belongs to a stage of rank ${owner}`,
      advice: `Move it to rank ${owner}, or change ${second ? "mirrored." : ""}rankOfStage[${stage}].`,
    };
  }
  if (!isCommunication(kind)) return undefined;
  const peer = peerStage(kind, stage);
  if (isIndex(peer, stages) && rankOf(schedule, peer, microbatch) !== placed.rank) return undefined;
  return {
    code: "schedule/needless-message",
    actions: [placed],
    message: isIndex(peer, stages)
      ? `${describe(placed)} crosses no rank: stage ${peer} is on rank ${placed.rank} too`
      : `${describe(placed)} has no stage at its other end`,
    advice: "Remove it.",
  };
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 1;
}

function isIndex(value: number, length: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < length;
}
