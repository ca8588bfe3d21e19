// What the policy would decide now about every queued job, once for all who ask: a dry run over a long queue takes as long as a
// decision, and the service decides nothing meanwhile.
import { type Decision, dryRun } from "@bace-pipe/core";
import type { ApiContext } from "./context.ts";

const LEAST_SECONDS = 1;
/** A dry run is good for so many times as long as it took: pages that ask all the time cost a twentieth of the service. */
const TIMES_AS_LONG = 20;

export type DryRuns = () => readonly Decision[];

export function createDryRuns({ policy, timeModel, writer }: ApiContext): DryRuns {
  let last: {
    readonly revision: number;
    readonly untilSeconds: number;
    readonly decisions: readonly Decision[];
  };
  return () => {
    const revision = writer.revision();
    const nowSeconds = writer.nowSeconds();
    if (last?.revision === revision && nowSeconds < last.untilSeconds) return last.decisions;
    const sinceMilliseconds = performance.now();
    const decisions = dryRun(writer.state(), nowSeconds, { policy, timeModel });
    const tookSeconds = (performance.now() - sinceMilliseconds) / 1000;
    const untilSeconds = nowSeconds + Math.max(LEAST_SECONDS, TIMES_AS_LONG * tookSeconds);
    last = { revision, untilSeconds, decisions };
    return decisions;
  };
}
