// Carries out what the reconciler asks for. A submit without a clear answer leaves its key unsettled: nothing else is
// done with that key until the executor's `find` has said whether the launch is there. Executors that throw have given
// no answer. Nothing here is remembered across a restart: the first list then tells what is there.
import { buildPlan, type Effect, type Fact, launchKeyOf, type PlanOptions } from "@bace-pipe/core";
import type { Logger } from "pino";
import type { Artifact, Executor, Submitted } from "./executors/executor.ts";
import { logText } from "./executors/log-parts.ts";
import type { Writer } from "./writer.ts";

export interface EffectOptions {
  readonly writer: Writer;
  /** More may come. */
  readonly executors: readonly Executor[];
  readonly planOptions: PlanOptions;
  readonly logger: Logger;
}

export interface Effects {
  /** Resolves when every effect is done or has failed; a failed one is asked for again by the next reconciliation. */
  perform(effects: readonly Effect[]): Promise<void>;
  /** Writes into the service's log what launches said before they failed. */
  explain(observed: readonly Fact[]): Promise<void>;
}

/** Of the launch that the effect is about. */
export function regionOf(effect: Effect): string {
  return effect.kind === "record" ? effect.key.slice(effect.key.lastIndexOf(".") + 1) : effect.region;
}

/** Of what a launch that failed had written, in the service's log. */
const EXPLAINED_BYTES = 16_384;

type Submit = Extract<Effect, { kind: "submit" }>;

export function createEffects({ writer, executors, planOptions, logger }: EffectOptions): Effects {
  const unsettled = new Set<string>();
  const executorOf = (region: string) => executors.find(({ capabilities }) => capabilities.serves(region));

  const submit = async (effect: Submit): Promise<void> => {
    const { key, jobId, epoch, region } = effect;
    const answer = await answerTo(effect);
    const decision = writer.state().jobs.get(jobId)?.epoch?.placedSeq;
    logger.info({ jobId, epoch, decision, region, answer }, "submitted launch");
    if (answer.kind === "unknown") {
      unsettled.add(key);
      await settle(key, region);
    } else if (answer.kind === "rejected") {
      const { reason } = answer;
      await writer.commit(() => [
        { kind: "launch-observed", jobId, epoch, region, status: { kind: "rejected", reason } },
      ]);
    }
  };

  const answerTo = async ({ key, jobId, region }: Submit): Promise<Submitted> => {
    const executor = executorOf(region);
    if (!executor) return { kind: "rejected", reason: `no executor serves ${region}` };
    let artifact: Artifact;
    try {
      const { jobs, fleet } = writer.state();
      const commandPrefix = fleet!.regions.find(({ name }) => name === region)?.commandPrefix;
      const plan = buildPlan(jobs.get(jobId)!, fleet!, planOptions);
      artifact = { region, plan, ...(commandPrefix ? { commandPrefix } : {}) };
    } catch (error) {
      // One job that cannot be planned must not keep the others from running.
      logger.error(error, "no plan");
      return { kind: "rejected", reason: `no plan: ${(error as Error).message}` };
    }
    try {
      return await executor.submit(key, artifact);
    } catch (error) {
      return { kind: "unknown", reason: (error as Error).message };
    }
  };

  /** Asks whether an unsettled launch is there. What is to be done about it, the next cycle finds out. */
  const settle = async (key: string, region: string): Promise<void> => {
    const found = await executorOf(region)!.find(key);
    logger.info({ key, found }, "settled launch");
    if (found.kind !== "unknown") unsettled.delete(key);
  };

  const performOne = async (effect: Effect): Promise<void> => {
    const region = regionOf(effect);
    if (unsettled.has(effect.key)) return settle(effect.key, region);
    switch (effect.kind) {
      case "submit":
        return submit(effect);
      case "cancel":
        return executorOf(region)?.cancel(effect.key);
      case "record":
        return writer.commit(() => [effect.fact]);
    }
  };

  return {
    async perform(effects) {
      await Promise.all(
        effects.map((effect) =>
          performOne(effect).catch((error: unknown) => logger.warn({ err: error, effect }, "effect failed")),
        ),
      );
    },

    async explain(observed) {
      for (const fact of observed) {
        if (fact.kind !== "launch-observed" || fact.status.kind !== "exited" || fact.status.exitCode === 0)
          continue;
        const { jobId, epoch, region } = fact;
        const output = await executorOf(region)
          ?.logs(launchKeyOf(jobId, epoch, region), { bytes: EXPLAINED_BYTES })
          .then(logText)
          .catch((error: unknown) => String(error));
        logger.warn({ jobId, epoch, region, output }, "launch failed");
      }
    },
  };
}
