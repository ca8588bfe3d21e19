// Ranks as the control plane meets them: they check in, train together step by step, save checkpoints, report until they are
// acknowledged, and end with the worker's exit codes. Training is only counted here, and what is measured is made up
// (measured.ts); the worker's own tests show the rest.
import type { Plan } from "@bace-pipe/core";
import type { Process } from "./cluster.ts";
import type { Faults } from "./faults.ts";
import { type Conditions, goodConditions, measuredBy } from "./measured.ts";
import type { Storage } from "./storage.ts";
import type { Timeline } from "./timeline.ts";
import type { Answer, Wire } from "./wire.ts";

const START_SECONDS = 3;
const ASK_AGAIN_SECONDS = 3;
const REPORT_SECONDS = 6;
/** Until ranks notice that another one is gone. */
const NOTICE_SECONDS = 5;
const SAVE_SECONDS = 1;
const EXIT = { finished: 0, peerLost: 69, restart: 75, superseded: 76 };

interface Outside {
  readonly timeline: Timeline;
  readonly wire: Wire;
  readonly storage: Storage;
  readonly faults: Faults;
  /** Ends a process by itself. */
  exit(process: Process, exitCode: number): void;
  /** Of a step, by what the plan's job was predicted to take. */
  stepSeconds(plan: Plan): number;
}

/** All processes of an epoch: they can do nothing without each other. */
interface Gang {
  readonly plan: Plan;
  readonly members: Set<Process>;
  readonly ready: Set<number>;
  readonly conditions: Conditions;
  step: number;
  training: boolean;
  over: boolean;
  stopAsked: boolean;
}

export interface Gangs {
  started(process: Process): void;
  stopped(process: Process): void;
  ended(process: Process): void;
}

export function createGangs(outside: Outside): Gangs {
  const { faults, storage, timeline, wire } = outside;
  const gangs = new Map<string, Gang>();

  const gangOf = ({ artifact: { plan } }: Process): Gang => {
    const key = `${plan.jobId}.${plan.epoch}`;
    const known = gangs.get(key);
    if (known) return known;
    const gang: Gang = {
      ...{ plan, members: new Set<Process>(), ready: new Set<number>(), conditions: goodConditions() },
      ...{ step: 0, training: false, over: false, stopAsked: false },
    };
    gangs.set(key, gang);
    return gang;
  };
  const pathOf = ({ epoch, jobId }: Plan, what: string) => `/v1/launches/${jobId}/${epoch}/${what}`;
  const isAlive = (process: Process) => process.state === "running";
  const end = (gang: Gang, exitCode: number) => {
    gang.over = true;
    for (const process of gang.members) outside.exit(process, exitCode);
  };

  /** Asks until all are there, or until it is refused. */
  const checkIn = async (process: Process, rank: number): Promise<void> => {
    const gang = gangOf(process);
    const { plan } = gang;
    await timeline.sleep(START_SECONDS);
    const body = { launchKey: plan.launchKey, rank, host: "10.0.0.1", port: 5000 + rank, dataHash: null };
    while (isAlive(process) && !gang.over) {
      const answer = await wire.ask("POST", pathOf(plan, "rendezvous"), body);
      if (isRefusal(answer)) return outside.exit(process, EXIT.superseded);
      if (answer?.body.state === "ready") {
        gang.ready.add(rank);
        if (gang.ready.size === plan.ranks.length && !gang.training) begin(gang);
        return;
      }
      await timeline.sleep(ASK_AGAIN_SECONDS);
    }
  };

  const begin = (gang: Gang): void => {
    const { epoch, jobId } = gang.plan;
    const from = storage.begin(jobId, epoch);
    if (from === undefined) {
      end(gang, EXIT.superseded);
      return;
    }
    gang.training = true;
    gang.step = from;
    for (const { rank } of gang.plan.ranks) void report(gang, rank);
    timeline.after(outside.stepSeconds(gang.plan), () => step(gang));
  };

  const step = (gang: Gang): void => {
    const { checkpoint, epoch, jobId, training } = gang.plan;
    if (gang.over) return;
    if (gang.stopAsked) {
      save(gang);
      return;
    }
    if (gang.step >= training.steps) return;
    gang.step++;
    const due = gang.step === training.steps || gang.step % (checkpoint?.everySteps ?? 1) === 0;
    if (due && !storage.commit(jobId, epoch, gang.step)) {
      end(gang, EXIT.superseded);
      return;
    }
    timeline.after(outside.stepSeconds(gang.plan), () => step(gang));
  };

  /** The last checkpoint of a gang that was told to stop. */
  const save = (gang: Gang): void => {
    const { epoch, jobId } = gang.plan;
    timeline.after(SAVE_SECONDS, () => {
      if (gang.over) return;
      storage.commit(jobId, epoch, gang.step);
      timeline.after(SAVE_SECONDS, () => end(gang, EXIT.restart));
    });
  };

  /** Reports of one rank, each again until it is acknowledged; the last one lets it end. */
  const report = async (gang: Gang, rank: number): Promise<void> => {
    const { jobId, launchKey, ranks, training } = gang.plan;
    const tells = rank === ranks.length - 1;
    let told = gang.step;
    for (let sequence = 1; !gang.over; sequence++) {
      await timeline.sleep(REPORT_SECONDS);
      const upTo = gang.step;
      const finished = upTo >= training.steps;
      const { links, stages } = measuredBy(gang.plan, rank, gang.conditions, faults);
      const steps = Array.from({ length: upTo - told }, (_, i) => stepReport(told + 1 + i, tells, stages));
      const committedStep = storage.committedStep(jobId) ?? null;
      const body = { launchKey, rank, sequence, steps, links, finished, ...FIGURES, committedStep };
      let answer: Answer | undefined;
      do {
        if (gang.over) return;
        answer = await wire.ask("POST", pathOf(gang.plan, "telemetry"), body);
        if (isRefusal(answer)) {
          if (!gang.stopAsked) end(gang, EXIT.superseded);
          return;
        }
      } while (answer?.status !== 200);
      told = upTo;
      if (finished) return leave(gang, rank);
    }
  };

  /** A process ends when all of its ranks have left. */
  const leave = (gang: Gang, rank: number): void => {
    gang.ready.delete(rank);
    for (const process of gang.members) {
      const own = gang.plan.ranks.filter(({ region }) => region === process.region);
      if (own.every((each) => !gang.ready.has(each.rank))) outside.exit(process, EXIT.finished);
    }
  };

  return {
    started(process) {
      const gang = gangOf(process);
      gang.members.add(process);
      for (const { rank, region } of gang.plan.ranks) {
        if (region === process.region) void checkIn(process, rank);
      }
    },
    stopped(process) {
      const gang = gangOf(process);
      if (gang.training) gang.stopAsked = true;
      else outside.exit(process, EXIT.restart);
    },
    ended(process) {
      const gang = gangOf(process);
      gang.members.delete(process);
      if (process.exitCode === EXIT.finished || gang.over) return;
      gang.over = true;
      timeline.after(NOTICE_SECONDS, () => end(gang, EXIT.peerLost));
    },
  };
}

/** Of memory; nobody draws conclusions from it. */
const FIGURES = { memoryPeakBytes: null, peakActivations: null };

function stepReport(step: number, tells: boolean, stages: ReturnType<typeof measuredBy>["stages"]) {
  const loss = tells ? 4 / step : null;
  return { step, loss, stepSeconds: 1, idleSeconds: null, updateSeconds: null, stages };
}

function isRefusal(answer: Answer | undefined): boolean {
  return answer !== undefined && answer.status >= 400 && answer.status < 500;
}
