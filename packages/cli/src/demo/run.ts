// The demo from beginning to end: a service of its own, the scenario's jobs at their times, a live picture, a summary.
import { mkdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { duration } from "@bace-pipe/core/format";
import { DEFAULT_POLICIES } from "@bace-pipe/core/shell";
import { takeLock } from "@bace-pipe/server/lock";
import { EXIT, Failure } from "../failure.ts";
import { type NamedText, readNamed } from "../files.ts";
import type { Io } from "../io.ts";
import { createScreen, type Screen } from "../render/screen.ts";
import { readTokenFile } from "../service/discovery.ts";
import { simulatePolicies } from "../simulation/run.ts";
import { comparisonText } from "./comparison.ts";
import { type KeptService, keepService } from "./kept-service.ts";
import { removeLeftovers } from "./leftovers.ts";
import { EMULATED } from "./picture.ts";
import { complaintsAbout, summaryText } from "./summary.ts";
import { cancelAll, GIVE_UP_SECONDS, train } from "./train.ts";
import { type Submission, submissionsOf } from "./workload.ts";

export interface DemoOptions {
  readonly scenario: string;
  readonly policy: string;
  readonly python?: string;
  readonly keep?: boolean;
}

/** Returns the exit code. */
export async function runDemo(
  { keep = false, policy, python, scenario }: DemoOptions,
  io: Io,
): Promise<number> {
  const source = await readNamed(scenario, io);
  const submissions = submissionsOf(source);
  const folder = join(io.folder, ".bace/demo");
  const giveBack = await takeDemo(folder);
  const screen = createScreen(io.out);
  const interrupt = new AbortController();
  const stopListening = io.onInterrupt(() => interrupt.abort());
  try {
    screen.say(EMULATED);
    await removeLeftovers(folder, screen.say);
    const options = { folder, fleet: resolve(io.folder, scenario), policy, python };
    const service = await keepService(options, screen, interrupt.signal);
    try {
      screen.say(
        `the service answers at ${service.url}; from another terminal: bace queue --state ${folder}`,
      );
      const token = screen.isTerminal ? readTokenFile(folder, "dashboard") : undefined;
      if (token !== undefined) screen.say(`dashboard: ${service.url}/#token=${token}`);
      const end = await train(submissions, service, screen, io.out.colors, interrupt.signal);
      if (end === "ended") return await conclude(service, source, submissions, policy, screen, io);
      screen.say(
        end === "late"
          ? `giving up after ${duration(GIVE_UP_SECONDS)}: it should take two; see the logs in ${folder}`
          : "interrupted",
      );
      return end === "late" ? EXIT.failed : EXIT.interrupted;
    } finally {
      await windDown(service, keep && !interrupt.signal.aborted, folder, screen);
    }
  } finally {
    stopListening();
    await giveBack();
  }
}

/** One demo at a time in one place: it clears away what it finds there. */
async function takeDemo(folder: string): Promise<() => Promise<void>> {
  await mkdir(dirname(folder), { recursive: true });
  return takeLock(`${folder}.lock`, ({ pid }) => {
    const details = { exitCode: EXIT.failed, code: "demo-in-use" } as const;
    const hint = "wait until it has ended, or run this one in another checkout";
    return new Failure(`a demo runs here already (pid ${pid})`, { ...details, hint });
  });
}

async function conclude(
  { client }: KeptService,
  source: NamedText,
  submissions: readonly Submission[],
  policy: string,
  screen: Screen,
  { out }: Io,
): Promise<number> {
  const [{ jobs }, { decisions }] = await Promise.all([client.jobs(), client.decisions()]);
  const report = simulatePolicies(source, { policies: DEFAULT_POLICIES, seed: 1 });
  screen.say("");
  screen.say(summaryText(jobs, decisions, out.colors));
  screen.say(comparisonText(policy, jobs, report, out.colors));
  screen.say(EMULATED);
  const complaints = complaintsAbout(submissions, jobs);
  for (const complaint of complaints) screen.say(out.colors.red(complaint));
  if (complaints.length === 0) screen.say("every job finished and its loss fell");
  return complaints.length === 0 ? EXIT.ok : EXIT.failed;
}

async function windDown(service: KeptService, keep: boolean, folder: string, screen: Screen): Promise<void> {
  if (keep) {
    service.leave();
    screen.say(`the service stays: bace queue --state ${folder}; \`kill ${service.pid}\` stops it`);
    return;
  }
  screen.say("ending what still runs, and the service …");
  const left = await cancelAll(service);
  if (left.length > 0)
    screen.say(`still running: ${left.map(({ id }) => id).join(", ")}; see ${folder}/launches`);
  await service.stop();
  screen.say("the service is stopped");
}
