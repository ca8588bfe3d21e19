/** Whether a computation order can be run to its end: an oracle that knows nothing but who needs whom. */

import { type Action, actionName, type Schedule } from "../../../src/pipeline/index.ts";

/** Performs whatever can be performed until nothing can. */
export function finishes(schedule: Schedule): boolean {
  const left = schedule.ranks.map((actions) => [...actions]);
  const done = new Set<string>();
  const after = ({ kind, stage, microbatch }: Action): readonly (readonly string[])[] => {
    if (kind === "F") return stage === 0 ? [] : [[`${stage - 1}F${microbatch}`]];
    if (kind === "W") return [[`${stage}I${microbatch}`]];
    const own = [`${stage}F${microbatch}`];
    return stage === schedule.stages - 1
      ? [own]
      : [own, [`${stage + 1}B${microbatch}`, `${stage + 1}I${microbatch}`]];
  };
  const canRun = (action: Action) => after(action).every((some) => some.some((name) => done.has(name)));
  let rank = left.find((actions) => actions[0] !== undefined && canRun(actions[0]));
  while (rank !== undefined) {
    done.add(actionName(rank.shift()!));
    rank = left.find((actions) => actions[0] !== undefined && canRun(actions[0]));
  }
  return left.every((actions) => actions.length === 0);
}
