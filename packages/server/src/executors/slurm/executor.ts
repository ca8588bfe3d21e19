// Launches as jobs of a Slurm cluster: one per region and epoch, named after its key. Slurm and the folder that the
// cluster's nodes share are all there is, so a service that was restarted adopts what runs.
//
//   submit: note it down in the launch's folder ──► sbatch ──► the job claims the folder, and becomes the supervisor
//   list:   one squeue for all jobs ──► the notes of those launches that it does not have as running
//
// A submit without a clear answer is on its way until `lateSeconds` have passed: `unknown` to find, "about to be" in the
// list. Should its job come even later, it finds the launch claimed, or is a stranger that the service ends.
// The worker's exit.json says how a launch ended; Slurm's word counts where there is none after `exitGraceSeconds`.
// Left out: a region's ranks on more than one node (--nodes=1; a launch has one supervisor).
import type { SlurmSettings } from "@bace-pipe/core";
import type { Artifact, Executor, Found, Launch, Submitted } from "../executor.ts";
import { type ClusterFiles, clusterFiles } from "./cluster-files.ts";
import { launchFiles, submitOptions } from "./job.ts";
import { JOB_PREFIX, parseQueue, QUEUE_FORMAT, type QueuedJob } from "./queue.ts";
import { lastLine, type Run } from "./runner.ts";
import { BATCH_SCRIPT } from "./script.ts";
import { jobStateOf, refusalOf } from "./states.ts";
import { type Verdict, verdictOf } from "./verdict.ts";
import type { WorkerArchive } from "./worker-archive.ts";

export interface SlurmExecutorOptions {
  /** Of a region; undefined where its launches are not this cluster's. */
  readonly settingsOf: (region: string) => SlurmSettings | undefined;
  /** Of the cluster, the same in the settings of all its regions. */
  readonly folder: string;
  readonly configurationFile?: string | undefined;
  readonly run: Run;
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
const SUBMIT_SECONDS = 30;
const ASK_AGAIN_SECONDS = 5;

export function createSlurmExecutor(options: SlurmExecutorOptions): Executor {
  const { configurationFile, run, settingsOf, worker } = options;
  const { nowSeconds = () => Date.now() / 1000, pollSeconds = 2, lateSeconds = 60 } = options;
  const { exitGraceSeconds = 10, killAfterSeconds = 15 } = options;
  const files: ClusterFiles = clusterFiles(run, options.folder);
  const environment = configurationFile === undefined ? [] : [`SLURM_CONF=${configurationFile}`];
  const slurm = (...words: string[]) => ["env", "LC_ALL=C", ...environment, ...words];

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

  const queue = async (...filter: string[]): Promise<Map<string, QueuedJob[]>> => {
    const words = slurm(
      "squeue",
      "--me",
      "--noheader",
      "--states=all",
      `--format=${QUEUE_FORMAT}`,
      ...filter,
    );
    const ran = await run({ words });
    if (ran.kind === "no-answer") throw new Error(`squeue: ${ran.reason}`);
    if (ran.exitCode !== 0) throw new Error(`squeue: ${lastLine(ran.stderr)}`);
    const byKey = new Map<string, QueuedJob[]>();
    for (const job of parseQueue(ran.stdout, files.launches))
      byKey.set(job.key, [...(byKey.get(job.key) ?? []), job]);
    return byKey;
  };

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

  const isLive = (jobs: readonly QueuedJob[] = []) =>
    jobs.some(({ state }) => jobStateOf(state).kind !== "ended");

  const find = async (key: string): Promise<Found> => {
    const known = ended.get(key);
    if (known) return known;
    const jobs = (await queue(`--name=${JOB_PREFIX}${key}`)).get(key) ?? [];
    // After squeue: a launch that ended in between has left its exit code by now.
    const notes = (await files.notes([key])).get(key);
    return settled(key, verdictOf(jobs, notes, nowSeconds(), lateSeconds));
  };

  const poll = async (): Promise<Map<string, Launch>> => {
    const before = [...tracked];
    const queued = await queue();
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
    const words = slurm("sbatch", ...submitOptions(key, artifact, settings, files.folderOf(key)));
    const ran = await run({ words, input: BATCH_SCRIPT, timeoutSeconds: SUBMIT_SECONDS });
    if (ran.kind === "no-answer") return { kind: "unknown", reason: `sbatch: ${ran.reason}` };
    if (ran.exitCode === 0) return { kind: "accepted" };
    const reason = `sbatch: ${lastLine(ran.stderr)}`;
    const refusal = refusalOf(ran.stderr);
    if (refusal === undefined) return { kind: "unknown", reason };
    await files.forgetSubmission(key);
    polled?.launches.delete(key);
    return { kind: refusal === "final" ? "rejected" : "unknown", reason };
  };

  const scancel = async (...words: string[]): Promise<void> => {
    const ran = await run({ words: slurm("scancel", ...words) });
    // Another exit code: the job has ended, or cannot be told just now. The next call finds out.
    if (ran.kind === "no-answer") throw new Error(`scancel: ${ran.reason}`);
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
      const jobs = (await queue(`--name=${JOB_PREFIX}${key}`)).get(key) ?? [];
      const ids = jobs.filter((job) => isLive([job])).map(({ id }) => id);
      asked.set(key, { firstSeconds: before?.firstSeconds ?? now, lastSeconds: now });
      if (ids.length === 0) return;
      if (before && now - before.firstSeconds > killAfterSeconds + (await checkpointSeconds(files, key)))
        return scancel(...ids);
      await scancel("--state=PENDING", ...ids);
      await scancel("--batch", "--signal=TERM", ...ids);
    },

    logs: (key) => files.logs(key),
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
