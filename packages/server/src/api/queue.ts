// The queue as the policy sees it now: in which order, by which terms, why each job waits and what would let it start.
import type { Decision, JobState } from "@bace-pipe/core";
import { needsOf, onHoldText, waitText } from "@bace-pipe/core/explain";
import { duration } from "@bace-pipe/core/format";
import { createRoute } from "@hono/zod-openapi";
import { seesJob } from "../access/identity.ts";
import { hideOthers } from "../access/visible.ts";
import { type ApiContext, type App, jsonOf } from "./context.ts";
import type { DryRuns } from "./dry-run.ts";
import { type NeedView, type QueueEntry, queueSchema } from "./schemas/queue.ts";
import { explanationView } from "./views.ts";

const queueRoute = createRoute({
  method: "get",
  path: "/v1/queue",
  summary: "Queued jobs in the order of the policy, each with why it waits and what would let it start",
  responses: { 200: { description: "The queue", ...jsonOf(queueSchema) } },
});

export function addQueue(app: App, { policy, writer }: ApiContext, dryRuns: DryRuns): void {
  app.openapi(queueRoute, (c) => {
    const identity = c.get("identity");
    const decisions = dryRuns();
    const state = writer.state();
    const nowSeconds = writer.nowSeconds();
    const decided = decisions.flatMap((decision): QueueEntry[] => {
      const known = state.jobs.get(decision.jobId);
      if (known?.phase !== "queued" || !seesJob(identity, known)) return [];
      // Before words are made of it: names of others are in the words.
      const why = hideOthers(decision.why, state, identity);
      return [decidedEntry(known, { ...decision, why }, nowSeconds)];
    });
    const shown = new Set(decisions.map(({ jobId }) => jobId));
    const aside = Array.from(state.queued, (id) => state.jobs.get(id)!).filter(
      (known) => !shown.has(known.job.id) && seesJob(identity, known),
    );
    const jobs = [...decided, ...aside.map((known) => asideEntry(known, nowSeconds))];
    return c.json({ policy: policy.name, nowSeconds, jobs }, 200);
  });
}

function decidedEntry(known: JobState, { kind, why }: Decision, nowSeconds: number): QueueEntry {
  const { neededGpus, order, position, precedence = null, targetGpus } = explanationView(why);
  const needs = needsOf(why).map(
    (need): NeedView => (need.kind === "gpus" ? { ...need, regions: [...need.regions] } : need),
  );
  const waits = kind === "start" ? null : waitText(why);
  return {
    ...about(known, nowSeconds),
    ...{ decision: kind, position, order, precedence, targetGpus, neededGpus },
    why: waits === "" ? null : waits,
    needs: kind === "start" ? [] : needs,
  };
}

/** Of a job that the policy does not look at now. */
function asideEntry(known: JobState, nowSeconds: number): QueueEntry {
  const { held, job, notBeforeSeconds } = known;
  const [why, need]: [string, NeedView] = held
    ? [`on hold: ${onHoldText(job.id)}`, { kind: "release" }]
    : notBeforeSeconds > nowSeconds
      ? [
          `it is tried again in ${duration(notBeforeSeconds - nowSeconds)}, since its last epoch failed`,
          { kind: "time", because: "back-off", untilSeconds: notBeforeSeconds },
        ]
      : ["GPUs are being freed for a job of a higher class", { kind: "higher-class" }];
  return {
    ...about(known, nowSeconds),
    ...{
      decision: "aside",
      position: null,
      order: null,
      precedence: null,
      targetGpus: null,
      neededGpus: null,
    },
    ...{ why, needs: [need] },
  };
}

function about({ job }: JobState, nowSeconds: number) {
  return {
    jobId: job.id,
    tenant: job.tenant,
    priorityClass: job.priorityClass ?? null,
    submittedSeconds: job.submitSeconds,
    waitSeconds: Math.max(0, nowSeconds - job.submitSeconds),
  };
}
