/** Between schedules and the starts of a model's operations: a warm start from the one, a schedule from the other. */

import { compileSchedule } from "../compile.ts";
import { type Pipeline, timingOf } from "../pipeline.ts";
import type { Action, ComputeKind, Schedule } from "../schedule.ts";
import { timeSchedule } from "../time.ts";
import { validateSchedule } from "../validate.ts";
import { type ExactModel, type ExactOperation, satisfies } from "./solver.ts";
import { inUnits } from "./units.ts";

const KINDS: readonly ComputeKind[] = ["F", "I", "W", "B"];

/** The order of the starts on each rank. Throws on starts that do not satisfy the model: the solver is broken. */
export function scheduleOf(model: ExactModel, starts: readonly number[]): Schedule {
  if (!satisfies(model, starts)) throw new Error("these starts do not satisfy the model");
  const { machines, microbatches, operations, stages } = model;
  const schedule: Schedule = {
    generator: "exact",
    stages,
    microbatches,
    ranks: machines.map((machine) => inOrder(machine, operations, starts).map(actionOf)),
    rankOfStage: machines.map((_, rank) => rank),
  };
  const [problem] = validateSchedule(schedule);
  if (problem) throw new Error(`not a schedule: ${problem.message}`);
  return schedule;
}

/** Operations that take no time and start together: by micro-batch and kind, each after what it waits for. */
function inOrder(
  machine: readonly number[],
  operations: readonly ExactOperation[],
  starts: readonly number[],
): readonly ExactOperation[] {
  const end = (id: number) => starts[id]! + operations[id]!.duration;
  return machine
    .toSorted(
      (a, b) => starts[a]! - starts[b]! || end(a) - end(b) || place(operations[a]!) - place(operations[b]!),
    )
    .map((id) => operations[id]!);
}

function place({ kind, microbatch }: ExactOperation): number {
  return KINDS.length * microbatch + KINDS.indexOf(computeKind(kind));
}

function actionOf({ kind, microbatch, stage }: ExactOperation): Action {
  return { kind: computeKind(kind), stage, microbatch };
}

function computeKind(kind: ExactOperation["kind"]): ComputeKind {
  if (kind === "message" || kind === "reduce") throw new Error(`${kind} is on no rank`);
  return kind;
}

/**
 * Starts in the model's units of a schedule of the same pipeline; undefined if it is none of the model's: it does not fit in
 * memory, has other stages, or splits backwards that the model keeps whole. Whole ones are split, and micro-batches
 * named in the order in which they come.
 */
export function startsOf(
  model: ExactModel,
  pipeline: Pipeline,
  schedule: Schedule,
): readonly number[] | undefined {
  const { machines, microbatches, operations, stages } = model;
  const whole = operations.some(({ kind }) => kind === "B");
  const actions = schedule.ranks.flat();
  const oneStagePerRank =
    !schedule.mirrored &&
    schedule.stages === stages &&
    schedule.microbatches === microbatches &&
    schedule.rankOfStage.every((rank, stage) => rank === stage);
  if (!oneStagePerRank || (whole && actions.some(({ kind }) => kind === "I"))) return undefined;

  const like: Schedule = { ...schedule, ranks: schedule.ranks.map((order) => ofModel(order, whole)) };
  const { rounded } = inUnits(pipeline, { backward: whole ? "whole" : "split" });
  const { compiled, startSeconds } = timeSchedule(compileSchedule(like), timingOf(rounded, like));
  const starts = operations.map(() => -1);
  for (const [rank, machine] of machines.entries()) {
    const idOf = new Map(machine.map((id) => [place(operations[id]!), id]));
    for (const [position, { kind, microbatch }] of like.ranks[rank]!.entries()) {
      const id = idOf.get(KINDS.length * microbatch + KINDS.indexOf(kind as ComputeKind))!;
      starts[id] = startSeconds[compiled.rankOffset[rank]! + position]!;
    }
  }
  startTransfers(model, starts);
  return satisfies(model, starts) ? starts : undefined;
}

/** One micro-batch after the other, which fits wherever anything does: starts for every model, if slow ones. */
export function startsOneByOne(model: ExactModel, pipeline: Pipeline): readonly number[] {
  const { machines, microbatches, operations, stages } = model;
  const order = (machine: readonly number[]) =>
    machine.map((id) => operations[id]!).sort((a, b) => place(a) - place(b));
  const schedule: Schedule = {
    generator: "one by one",
    stages,
    microbatches,
    ranks: machines.map((machine) => order(machine).map(actionOf)),
    rankOfStage: machines.map((_, rank) => rank),
  };
  return startsOf(model, pipeline, schedule)!;
}

function ofModel(order: readonly Action[], whole: boolean): readonly Action[] {
  const count = new Map<ComputeKind, number>();
  const kindsOf = ({ kind }: Action): readonly ComputeKind[] => {
    if (kind === "F" || kind === "I" || kind === "W") return [kind];
    if (kind === "B") return whole ? ["B"] : ["I", "W"];
    return [];
  };
  return order.flatMap((action) =>
    kindsOf(action).map((kind) => {
      const microbatch = count.get(kind) ?? 0;
      count.set(kind, microbatch + 1);
      return { kind, stage: action.stage, microbatch };
    }),
  );
}

/** Messages and reductions as soon as they can: each comes after operations of lower ids. */
function startTransfers({ operations, precedences }: ExactModel, starts: number[]): void {
  const needs = operations.map((): { before: number; lag: number }[] => []);
  for (const { after, before, lag } of precedences) needs[after]!.push({ before, lag });
  for (const [id, { release }] of operations.entries()) {
    if (starts[id]! >= 0) continue;
    const ends = needs[id]!.map(({ before, lag }) => starts[before]! + operations[before]!.duration + lag);
    starts[id] = Math.max(release, ...ends);
  }
}
