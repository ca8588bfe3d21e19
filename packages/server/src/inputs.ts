// What may be said of a fleet before it becomes facts: refused where it cannot be, left out where it is known.
import {
  type Changes,
  changesAfter,
  type InputFact,
  type State,
  unsoundInput,
  unsoundTime,
} from "@bace-pipe/core";
import { ProblemError } from "./problem.ts";

/** Throws `invalid-input` with the first statement that cannot be. */
export function refuseUnsound(state: State, said: readonly InputFact[], nowSeconds: number): void {
  said.forEach((fact, i) => {
    const unsound = unsoundOf(state, fact, nowSeconds);
    if (unsound)
      throw new ProblemError(
        "invalid-input",
        `inputs[${i}].${unsound.field} of ${subjectOf(fact)}: ${unsound.message} (${unsound.code})`,
      );
  });
}

export function unsoundOf({ declaredFleet }: State, fact: InputFact, nowSeconds: number) {
  return unsoundInput(declaredFleet!, fact, nowSeconds) ?? unsoundTime(fact, nowSeconds);
}

/** Those that change something, one after the other. */
export function newInputs({ changes }: State, said: readonly InputFact[]): InputFact[] {
  let now: Changes = changes;
  return said.filter((fact) => {
    const next = changesAfter(now, fact);
    const isNews = next !== now;
    now = next;
    return isNews;
  });
}

export function subjectOf(fact: InputFact): string {
  return fact.kind === "link-changed" ? `${fact.from} → ${fact.to}` : fact.region;
}
