// Launches as jobs of a Slurm cluster: one per region and epoch, named after its key. Slurm and the folder that the
// cluster's nodes share are all there is, so a service that was restarted adopts what runs.
//
//   submit: note it down in the launch's folder ──► sbatch ──► the job claims the folder, and becomes the supervisor
//   list:   one squeue for all jobs ──► the notes of those launches that it does not have as running
//
// A submit without a clear answer is on its way until `lateSeconds` have passed: `unknown` to find, "about to be" in the
// list. Should its job come even later, it finds the launch claimed, or is a stranger that the service ends.
// The worker's exit.json says how a launch ended; Slurm's word counts where there is none after `exitGraceSeconds`.
import type { SlurmSettings } from "@bace-pipe/core";
import type { Artifact, Executor, Found, Launch, Submitted } from "../executor.ts";
import { jobsByCommands } from "./by-commands.ts";
import { type ClusterFiles, clusterFiles } from "./cluster-files.ts";
import type { ClusterJobs } from "./cluster-jobs.ts";
import { launchFiles } from "./job.ts";
import { prune } from "./prune.ts";
import type { QueuedJob } from "./queue.ts";
import type { Run } from "./runner.ts";
import { jobStateOf } from "./states.ts";
import { type Verdict, verdictOf } from "./verdict.ts";
import type { WorkerArchive } from "./worker-archive.ts";

export interface SlurmExecutorOptions {
  /** Of a region; undefined where its launches are not this cluster's. */
  readonly settingsOf: (region: string) => SlurmSettings | undefined;
  /** Of the cluster, the same in the settings of all its regions. */
  readonly folder: string;
  readonly configurationFile?: string | undefined;
  readonly run: Run;
  /** In place of Slurm's commands. */
  readonly jobs?: ClusterJobs | undefined;
  readonly worker: () => Promise<WorkerArchive>;
  readonly nowSeconds?: () => number;
  /** For how long one answer of squeue counts. */
  readonly pollSeconds?: number;
  readonly lateSeconds?: number;
  readonly exitGraceSeconds?: number;
  /** How long a supervisor that was asked to end has for it, besides the checkpoint's own time. */
  readonly killAfterSeconds?: number;
}

const LAUNCH_KEY = /^[a-z0-9-]+\.\d+\.[a-z0-9-]+$/;
const ASK_AGAIN_SECONDS = 5;

export function createSlurmExecutor(options: SlurmExecutorOptions): Executor {
  const { configurationFile, run, settingsOf, worker } = options;
  const { nowSeconds = () => Date.now() / 1000, pollSeconds = 2, lateSeconds = 60 } = options;
  const { exitGraceSeconds = 10, killAfterSeconds = 15 } = options;
  const files: ClusterFiles = clusterFiles(run, options.folder);
  const { launches } = files;
  const jobs = options.jobs ?? jobsByCommands({ run, launches, configurationFile });

  /** Launches that have ended: nothing about them changes. */
  const ended = new Map<string, Launch>();
  /** Launches that may be there: their notes are looked at where squeue does not have them as running. */
  const tracked = new Set<string>();
  /** Whether the notes of all launches have been looked at once. */
  let isAdopted = false;
  /** Since when launches have been over without an exit code. */
  const overSince = new Map<string, number>();
  const asked = new Map<string, { readonly firstSeconds: number; lastSeconds: number }>();
  let polled: { readonly atSeconds: number; readonly launches: Map<string, Launch> } | undefined;
  let placed: Promise<string> | undefined;

  /** Turns "over" into "exited" when its time has come, and remembers what does not change any more. */
  const settled = (
    key: string,
    verdict: Verdict,
  ): Launch | Extract<Found, { kind: "absent" | "unknown" }> => {
    if (verdict.kind !== "over") {
      overSince.delete(key);
      if (verdict.kind === "exited") ended.set(key, verdict);
      if (verdict.kind === "exited" || verdict.kind === "absent") tracked.delete(key);
      return verdict;
    }
    const sinceSeconds = overSince.get(key) ?? nowSeconds();
    overSince.set(key, sinceSeconds);
    if (nowSeconds() - sinceSeconds < exitGraceSeconds) return { kind: "running" };
    // So that nobody has to wait for it again. Where it cannot be written, the next reader does.
    files.noteEnd(key, verdict.exitCode).catch(() => {});
    return settled(key, { kind: "exited", exitCode: verdict.exitCode });
  };

  const isLive = (queued: readonly QueuedJob[] = []) =>
    queued.some(({ state }) => jobStateOf(state).kind !== "ended");

  const find = async (key: string): Promise<Found> => {
    const known = ended.get(key);
    if (known) return known;
    const queued = (await jobs.queue(key)).get(key) ?? [];
    // After the queue: a launch that ended in between has left its exit code by now.
    const notes = (await files.notes([key])).get(key);
    return settled(key, verdictOf(queued, notes, nowSeconds(), lateSeconds));
  };

  const poll = async (): Promise<Map<string, Launch>> => {
    const before = [...tracked];
    const queued = await jobs.queue();
    const known = new Set([...queued.keys(), ...before].filter((key) => !ended.has(key)));
    const quiet = [...known].filter((key) => !isLive(queued.get(key)));
    const notes = await files.notes(isAdopted ? quiet : undefined);
    isAdopted = true;
    for (const key of notes.keys()) if (!ended.has(key)) known.add(key);
    for (const key of known) {
      tracked.add(key);
      settled(key, verdictOf(queued.get(key) ?? [], notes.get(key), nowSeconds(), lateSeconds));
    }
    // What was submitted meanwhile is there, too: nobody has looked for it yet.
    return new Map([...ended, ...[...tracked].map((key) => [key, { kind: "running" }] as const)]);
  };

  const submit = async (key: string, artifact: Artifact): Promise<Submitted> => {
    if (!LAUNCH_KEY.test(key)) return { kind: "rejected", reason: `${key} is no launch key` };
    const settings = settingsOf(artifact.region);
    if (!settings) return { kind: "rejected", reason: `${artifact.region} is not a region of this cluster` };
    const found = await find(key);
    if (found.kind === "unknown") return { kind: "unknown", reason: "an earlier submit may still arrive" };
    if (found.kind !== "absent") return { kind: "exists" };
    placed ??= worker().then(files.placeWorker);
    const path = await placed.catch((error: unknown) => {
      placed = undefined;
      throw error;
    });
    await files.writeLaunch(key, launchFiles(artifact, settings, path, files.folderOf(key), nowSeconds()));
    tracked.add(key);
    polled?.launches.set(key, { kind: "running" });
    const answer = await jobs.submit({ key, artifact, settings, folder: files.folderOf(key) });
    if (answer.kind !== "refused") return answer;
    await files.forgetSubmission(key);
    polled?.launches.delete(key);
    return { kind: answer.isFinal ? "rejected" : "unknown", reason: answer.reason };
  };

  return {
    capabilities: { name: "slurm", serves: (region) => settingsOf(region) !== undefined },
    submit,
    find,

    async list() {
      if (!polled || nowSeconds() - polled.atSeconds >= pollSeconds)
        polled = { atSeconds: nowSeconds(), launches: await poll() };
      return new Map(polled.launches);
    },

    async cancel(key) {
      const now = nowSeconds();
      const before = asked.get(key);
      if (before && now - before.lastSeconds < ASK_AGAIN_SECONDS) return;
      if ((await find(key)).kind === "exited") {
        asked.delete(key);
        return;
      }
      // A job that begins only now ends at once; where the folder is gone, Slurm is told all the same.
      if (!before) await files.markCancelled(key).catch(() => {});
      const live = (await jobs.queue(key)).get(key)?.filter((job) => isLive([job])) ?? [];
      asked.set(key, { firstSeconds: before?.firstSeconds ?? now, lastSeconds: now });
      if (live.length === 0) return;
      const isLate =
        before && now - before.firstSeconds > killAfterSeconds + (await checkpointSeconds(files, key));
      await (isLate ? jobs.end(live) : jobs.stop(live));
    },

    logs: (key, request) => files.logs(key, request),

    async prune(pruning) {
      if (!isAdopted) polled = { atSeconds: nowSeconds(), launches: await poll() };
      const queued = await jobs.queue();
      const live = new Set([...tracked, ...[...queued.keys()].filter((key) => isLive(queued.get(key)))]);
      const { sha256 } = await worker();
      const gone = await prune(files, {
        ...pruning,
        hasEnded: (key) => ended.has(key),
        live,
        worker: sha256,
      });
      for (const key of gone) {
        ended.delete(key);
        polled?.launches.delete(key);
        asked.delete(key);
      }
      return gone.length;
    },
  };
}

/** What the launch was granted for its last checkpoint. */
async function checkpointSeconds(files: ClusterFiles, key: string): Promise<number> {
  const text = (await files.notes([key])).get(key)?.submitted;
  try {
    const { graceSeconds } = JSON.parse(text ?? "{}") as { readonly graceSeconds?: unknown };
    return typeof graceSeconds === "number" ? graceSeconds : 0;
  } catch {
    return 0;
  }
}
