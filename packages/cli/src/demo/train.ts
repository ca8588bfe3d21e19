// Submits jobs at their times and shows what becomes of them, until all have ended.
import { setTimeout as sleep } from "node:timers/promises";
import type { JobView } from "@bace-pipe/server";
import type { Colors } from "../io.ts";
import type { Screen } from "../render/screen.ts";
import { asFailure, isUnreachable } from "../service/connect.ts";
import { positionsOf } from "../service/positions.ts";
import type { KeptService } from "./kept-service.ts";
import { type Moment, pictureText } from "./picture.ts";
import type { Submission } from "./workload.ts";

export const GIVE_UP_SECONDS = 480;
const LOOK_MILLISECONDS = 500;
const CANCEL_SECONDS = 20;
/** Between two pictures where they do not overwrite each other. */
const PLAIN_SECONDS = 5;

export async function train(
  submissions: readonly Submission[],
  service: KeptService,
  screen: Screen,
  colors: Colors,
  interrupted: AbortSignal,
): Promise<"ended" | "interrupted" | "late"> {
  const toCome = [...submissions];
  const since = performance.now();
  let nextPicture = 0;
  for (;;) {
    const elapsedSeconds = (performance.now() - since) / 1000;
    if (interrupted.aborted) return "interrupted";
    if (elapsedSeconds > GIVE_UP_SECONDS) return "late";
    await service.ensure();
    const moment = await look(service, toCome, elapsedSeconds);
    const ended = moment !== undefined && toCome.length === 0 && moment.jobs.every(hasEnded);
    if (moment && (ended || screen.isTerminal || elapsedSeconds >= nextPicture)) {
      screen.show(pictureText(moment, colors));
      nextPicture = elapsedSeconds + PLAIN_SECONDS;
    }
    if (ended) return "ended";
    await sleep(LOOK_MILLISECONDS, undefined, { signal: interrupted }).catch(() => undefined);
  }
}

/** Cancels what has not ended and waits for it; returns what still has not. A service that is gone cancels nothing. */
export async function cancelAll({ client }: KeptService): Promise<readonly JobView[]> {
  const alive = async () => (await client.jobs()).jobs.filter((job) => !hasEnded(job));
  try {
    let jobs = await alive();
    await Promise.all(jobs.map(({ id }) => client.cancel(id)));
    const deadline = performance.now() + CANCEL_SECONDS * 1000;
    while (jobs.length > 0 && performance.now() < deadline) {
      await sleep(LOOK_MILLISECONDS);
      jobs = await alive();
    }
    return jobs;
  } catch (error) {
    if (isUnreachable(error)) return [];
    throw error;
  }
}

function hasEnded({ phase }: JobView): boolean {
  return phase === "ended" || phase === "infeasible";
}

/** Submits what is due and asks how things stand; undefined while nobody answers. Submitting twice does no harm. */
async function look(
  { client, url }: KeptService,
  toCome: Submission[],
  elapsedSeconds: number,
): Promise<Moment | undefined> {
  try {
    for (let next = toCome[0]; next && next.atSeconds <= elapsedSeconds; next = toCome[0]) {
      const { directory, file, text } = next;
      await client.submit({ directory, file, text });
      toCome.shift();
    }
    const [{ jobs }, { regions }] = await Promise.all([client.jobs(), client.regions()]);
    const positions = await positionsOf(client, jobs);
    return { elapsedSeconds, jobs, positions, regions, toCome: toCome.length };
  } catch (error) {
    if (isUnreachable(error)) return undefined;
    throw asFailure(error, url, toCome[0]);
  }
}
