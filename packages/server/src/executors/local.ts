// Launches as processes of this machine: one supervisor (`python -m bace_worker launch`) per launch, in a session of
// its own, so that it outlives the service. Serves all regions of a fleet that no other executor has: what tells them apart
// is emulated by the worker. Nothing about a launch is kept in memory but that it has ended, which never changes.
import { spawn } from "node:child_process";
import { constants } from "node:fs";
import { lstat, mkdir, open, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Plan } from "@bace-pipe/core";
import { isMissing, readJson, writeJson } from "../files.ts";
import { localEnvironment } from "./environment.ts";
import type { Artifact, Executor, Found, Launch, Submitted } from "./executor.ts";
import { ageSeconds, type FolderState, readLaunchFolder } from "./launch-folder.ts";
import { LOG_NAME, type LogPart, logRanges } from "./log-parts.ts";
import { isAlive, type ProcessId, startTicksOf } from "./process.ts";
import { MOST_PER_ROUND, type Pruning } from "./pruning.ts";

export interface LocalExecutorOptions {
  /** Folder with one folder per launch. */
  readonly launchesDirectory: string;
  /** Python with PyTorch. */
  readonly python: string;
  /** Folder that holds the package bace_worker. */
  readonly workerDirectory: string;
  /** How long a folder may be without a process before it counts as abandoned by a crash. */
  readonly graceSeconds?: number;
  /** How long a supervisor that was asked to end has for it; it gives its ranks 10 s, besides the checkpoint's own time. */
  readonly killAfterSeconds?: number;
  /** Regions that it starts launches in; all where absent. */
  readonly serves?: (region: string) => boolean;
  /** Variables that launches do not get, besides the service's own. */
  readonly secretVariables?: () => readonly string[];
}

const LAUNCH_KEY = /^[a-z0-9-]+\.\d+\.[a-z0-9-]+$/;
/** A launch may have put anything into its folder: neither links nor pipes are followed. */
const READ_PLAIN = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** Beside the folders of launches, and no launch's name. */
const REMOVED = ".removed";

export function createLocalExecutor(options: LocalExecutorOptions): Executor {
  const { launchesDirectory, graceSeconds = 5, killAfterSeconds = 15 } = options;
  const ended = new Map<string, Launch>();
  const folderOf = (key: string) => join(launchesDirectory, key);

  const stateOf = async (key: string): Promise<FolderState> => {
    const known = ended.get(key);
    if (known?.kind === "exited") return known;
    const state = await readLaunchFolder(folderOf(key), graceSeconds);
    if (state.kind === "exited") ended.set(key, state);
    return state;
  };

  /** Some that are over, or that a crash left before anything was started. */
  const prunable = async ({ isKept, olderThanSeconds }: Pruning): Promise<string[]> => {
    const keys: string[] = [];
    for (const key of await namesIn(launchesDirectory)) {
      if (keys.length === MOST_PER_ROUND) break;
      if (!LAUNCH_KEY.test(key) || isKept(key) || (await stateOf(key)).kind === "running") continue;
      const ages = await Promise.all(
        ["exit.json", "plan.json", "."].map((name) => ageSeconds(join(folderOf(key), name))),
      );
      if (ages.every((age) => age === undefined || age > olderThanSeconds)) keys.push(key);
    }
    return keys;
  };

  return {
    capabilities: { name: "local", serves: options.serves ?? (() => true) },

    async submit(key, artifact): Promise<Submitted> {
      if ((await stateOf(key)).kind !== "absent") return { kind: "exists" };
      const folder = folderOf(key);
      await mkdir(folder, { recursive: true, mode: 0o700 }); // the plan holds the key, wherever the state folder is
      await writeJson(join(folder, "plan.json"), artifact.plan);
      return start(folder, artifact, options);
    },

    async find(key): Promise<Found> {
      return publicly(await stateOf(key));
    },

    async list() {
      const launches = new Map<string, Launch>();
      for (const key of await namesIn(launchesDirectory)) {
        if (!LAUNCH_KEY.test(key)) continue;
        const state = publicly(await stateOf(key));
        if (state.kind !== "absent") launches.set(key, state);
      }
      return launches;
    },

    async cancel(key) {
      const state = await stateOf(key);
      if (state.kind !== "running" || !state.process) return;
      const marker = join(folderOf(key), "cancelled");
      const askedSecondsAgo = await ageSeconds(marker);
      if (askedSecondsAgo === undefined) {
        signal(state.process, "SIGTERM");
        await writeFile(marker, "");
      } else if (askedSecondsAgo > killAfterSeconds + (await checkpointSeconds(folderOf(key)))) {
        signal(state.process, "SIGKILL");
      }
    },

    async prune(pruning) {
      const removed = join(launchesDirectory, REMOVED);
      await rm(removed, { recursive: true, force: true }); // where a crash has left it
      const keys = await prunable(pruning);
      for (const key of keys) {
        await mkdir(removed, { recursive: true, mode: 0o700 });
        await rename(folderOf(key), join(removed, key)); // at once gone as a whole, whatever happens next
        ended.delete(key);
      }
      await rm(removed, { recursive: true, force: true });
      return keys.length;
    },

    async logs(key, request) {
      const folder = folderOf(key);
      const sizes = new Map<string, number>();
      for (const file of await namesIn(folder)) {
        const size = LOG_NAME.test(file) ? await sizeOf(join(folder, file)) : undefined;
        if (size !== undefined) sizes.set(LOG_NAME.exec(file)![1]!, size);
      }
      return Promise.all(
        logRanges(sizes, request).map(async (range): Promise<LogPart> => {
          const text = await textOf(join(folder, `${range.name}.log`), range.fromByte, range.toByte);
          return { ...range, text };
        }),
      );
    },
  };
}

async function start(
  folder: string,
  { commandPrefix = [], region }: Artifact,
  { python, secretVariables = () => [], workerDirectory }: LocalExecutorOptions,
): Promise<Submitted> {
  const output = await open(join(folder, "supervisor.log"), "a");
  try {
    const plan = join(folder, "plan.json");
    const worker = ["-m", "bace_worker", "launch", "--plan", plan, "--region", region, "--directory", folder];
    const [program, ...rest] = [...commandPrefix, python, ...worker];
    const supervisor = spawn(program!, rest, {
      cwd: folder,
      detached: true,
      stdio: ["ignore", output.fd, output.fd],
      env: { ...localEnvironment(process.env, secretVariables()), PYTHONPATH: workerDirectory },
    });
    const failure = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
      supervisor.once("spawn", () => resolve(undefined)).once("error", resolve);
    });
    if (failure) return notStarted(program!, failure);
    supervisor.unref();
    const pid = supervisor.pid!;
    const spawned: ProcessId = { pid, startTicks: startTicksOf(pid) };
    await writeJson(join(folder, "spawned.json"), spawned);
    return { kind: "accepted" };
  } finally {
    await output.close();
  }
}

/** What the plan of a launch grants for its last checkpoint. */
async function checkpointSeconds(folder: string): Promise<number> {
  const plan = await readJson<Plan>(join(folder, "plan.json"));
  return plan?.checkpoint?.graceSeconds ?? 0;
}

/** A missing program stays missing; a machine without memory or process slots may have some later. */
function notStarted(program: string, { code, message }: NodeJS.ErrnoException): Submitted {
  const reason = `cannot start ${program}: ${message}`;
  return { kind: code === "ENOENT" || code === "EACCES" ? "rejected" : "unknown", reason };
}

/** To the supervisor alone to end it in good order; to its whole session to end it for certain. */
function signal(supervisor: ProcessId, name: "SIGTERM" | "SIGKILL"): void {
  if (!isAlive(supervisor)) return;
  process.kill(name === "SIGKILL" ? -supervisor.pid : supervisor.pid, name);
}

function publicly(state: FolderState): Launch | { readonly kind: "absent" } {
  return state.kind === "running" ? { kind: "running" } : state;
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** undefined for what is no plain file. */
async function sizeOf(path: string): Promise<number | undefined> {
  const found = await lstat(path);
  return found.isFile() ? found.size : undefined;
}

async function textOf(path: string, fromByte: number, toByte: number): Promise<string> {
  if (fromByte === toByte) return "";
  const file = await open(path, READ_PLAIN);
  try {
    const { buffer, bytesRead } = await file.read(
      Buffer.alloc(toByte - fromByte),
      0,
      toByte - fromByte,
      fromByte,
    );
    return buffer.subarray(0, bytesRead).toString("utf8");
  } finally {
    await file.close();
  }
}
