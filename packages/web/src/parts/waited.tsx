// How long a job has waited for its first start. The service tells a job again only when something happens to it: until
// then it is counted here.
import { duration } from "@bace-pipe/core/format";
import type { JobView } from "../api.ts";
import { useNowSeconds } from "../live/index.ts";

export function Waited({ job }: { readonly job: JobView }) {
  const nowSeconds = useNowSeconds();
  return duration(waitedSeconds(job, nowSeconds));
}

export function waitedSeconds(job: JobView, nowSeconds: number): number {
  const { endedSeconds, phase, startedSeconds, submittedSeconds, waitSeconds } = job;
  const isOver = startedSeconds !== null || endedSeconds !== null || phase === "infeasible";
  return isOver ? waitSeconds : Math.max(waitSeconds, nowSeconds - submittedSeconds);
}
