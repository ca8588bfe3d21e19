// An executor whose launches do at once what ranks do: check in until all are there, report their steps, what they measured
// and a checkpoint, and end well. What has ended is listed for a while, as batch systems do, and then no more.
import { setTimeout as sleep } from "node:timers/promises";
import type { Artifact } from "../packages/server/src/executors/executor.ts";
import { createFakeExecutor, type FakeExecutor } from "../packages/server/test/support/fake-executor.ts";
import { ranksOf, type TestService } from "../packages/server/test/support/service.ts";

const STEPS = 5;
const PAUSE_MILLISECONDS = 300;
const LISTED_MILLISECONDS = 20_000;

export interface QuickWork {
  readonly executor: FakeExecutor;
  /** Gangs that have not ended. */
  underway(): number;
  /** From now on launches report to it. */
  serve(service: TestService): void;
}

export function quickWork(onError: (error: unknown) => void): QuickWork {
  let service: TestService | undefined;
  const fake = createFakeExecutor();
  const began = new Set<string>();
  let underway = 0;

  /** The whole gang, once its first launch is there. */
  const work = async ({ plan: { epoch, jobId } }: Artifact): Promise<void> => {
    const { checkIn, count, report } = ranksOf(service!, jobId);
    const ranks = Array.from({ length: count }, (_, rank) => rank);
    await Promise.all(ranks.map((rank) => checkIn(rank)));
    for (let step = 1; step <= STEPS; step++) {
      await sleep(PAUSE_MILLISECONDS);
      const more = { committedStep: step, finished: step === STEPS };
      await Promise.all(ranks.map((rank) => report(rank, step, [{ step, loss: 4 / step }], more)));
    }
    for (const key of fake.launches.keys()) if (key.startsWith(`${jobId}.${epoch}.`)) fake.exit(key, 0);
  };

  const forgetLater = async (jobId: string, epoch: number): Promise<void> => {
    await sleep(LISTED_MILLISECONDS);
    began.delete(`${jobId}.${epoch}`);
    for (const key of [...fake.launches.keys()])
      if (key.startsWith(`${jobId}.${epoch}.`))
        for (const each of [fake.launches, fake.starts]) each.delete(key);
  };

  const executor: FakeExecutor = {
    ...fake,
    async submit(key, artifact) {
      const answer = await fake.submit(key, artifact);
      fake.artifacts.delete(key); // a plan is for the ranks, who are none here
      const { epoch, jobId } = artifact.plan;
      if (!began.has(`${jobId}.${epoch}`)) {
        began.add(`${jobId}.${epoch}`);
        underway++;
        work(artifact)
          .catch(onError)
          .finally(() => underway--)
          .then(() => forgetLater(jobId, epoch), onError);
      }
      return answer;
    },
  };
  return {
    executor,
    underway: () => underway,
    serve(to) {
      service = to;
    },
  };
}
