// The folder that a cluster's nodes share, by the usual commands of a Unix: each is one vector, and content goes through
// standard input. What launches have noted down of themselves is read by one command for all of them.
//   worker/SHA.zip            the worker
//   removed/KEY               on its way out
//   launches/KEY/plan.json, command, worker, submitted.json      by the service, before it asks Slurm
//   launches/KEY/cancelled    by the service
//   launches/KEY/exit.json    by the service, where a job was over without one
//   launches/KEY/claimed/job  by the batch script
//   launches/KEY/started.json, exit.json, *.log                  by the worker's supervisor
import { LOG_NAME, type LogPart, type LogRequest, logRanges } from "../log-parts.ts";
import { lastLine, type Ran, type Run } from "./runner.ts";
import { tarOf } from "./tape.ts";
import type { WorkerArchive } from "./worker-archive.ts";

export interface LaunchNotes {
  /** The text of exit.json. */
  readonly exit?: string;
  /** The job that has the launch. */
  readonly claimedBy?: string;
  /** The text of submitted.json. */
  readonly submitted?: string;
}

export interface ClusterFiles {
  readonly launches: string;
  folderOf(key: string): string;
  /** By key, of launches that have noted anything. @param keys of the launches to look at; all where absent. */
  notes(keys?: readonly string[]): Promise<ReadonlyMap<string, LaunchNotes>>;
  /** Complete, or it rejects. */
  writeLaunch(key: string, files: Readonly<Record<string, string>>): Promise<void>;
  /** There is no job, and there will be none unless it is asked for again. */
  forgetSubmission(key: string): Promise<void>;
  markCancelled(key: string): Promise<void>;
  /** For later readers, where the worker has not said so itself. */
  noteEnd(key: string, exitCode: number): Promise<void>;
  /** As of an executor. */
  logs(key: string, request: LogRequest): Promise<readonly LogPart[]>;
  /** Keys of launches whose end was noted so long ago. */
  endedBefore(ageSeconds: number): Promise<readonly string[]>;
  /** All of some launches. After a crash some of it may be there still, and goes the next time. */
  remove(keys: readonly string[]): Promise<void>;
  /** Removes workers of so long ago, but one and those that some launches use. @param kept its SHA-256 */
  removeWorkers(ageSeconds: number, kept: string, usedBy: readonly string[]): Promise<void>;
  /** Puts the worker there unless it is; returns its path. */
  placeWorker(archive: WorkerArchive): Promise<string>;
}

const NOTE = /^([a-z0-9-]+\.\d+\.[a-z0-9-]+)\/(exit\.json|claimed\/job|submitted\.json):(.*)$/;
const MOST_KEYS = 200;
const ENDED = /^\/([a-z0-9-]+\.\d+\.[a-z0-9-]+)\/exit\.json$/;
const WORKER = /\/[0-9a-f]{64}\.zip(?:\.\d+\.tmp)?$/;
const PLACE_SECONDS = 120;

export function launchesIn(folder: string): string {
  return `${folder}/launches`;
}

export function clusterFiles(run: Run, folder: string): ClusterFiles {
  const launches = launchesIn(folder);
  const removed = `${folder}/removed`;
  const folderOf = (key: string) => `${launches}/${key}`;
  let isMade = false;

  const mustRun = async (words: readonly string[], input?: string | Uint8Array): Promise<string> => {
    const ran = await run({
      words,
      ...(input === undefined ? {} : { input }),
      timeoutSeconds: PLACE_SECONDS,
    });
    if (ran.kind === "ended" && ran.exitCode === 0) return ran.stdout;
    throw new Error(`${words[0]} in ${folder}: ${problemOf(ran)}`);
  };
  const make = async (): Promise<void> => {
    if (isMade) return;
    await mustRun(["mkdir", "-p", "-m", "700", folder, launches, `${folder}/worker`]);
    isMade = true;
  };

  return {
    launches,
    folderOf,

    async notes(keys) {
      if (keys?.length === 0) return new Map();
      await make();
      const all = keys === undefined || keys.length > MOST_KEYS;
      const names = ["exit.json", "job", "submitted.json"].map((name) => `--include=${name}`);
      const where = all ? [launches] : keys.map(folderOf);
      const words = ["env", "LC_ALL=C", "grep", "-r", "-a", "-H", ...names, "-e", ".", "--", ...where];
      const ran = await run({ words });
      // 1: nothing found; 2: a file or folder is not there (any more), and nothing worse
      const isRead =
        ran.kind === "ended" && (ran.exitCode <= 1 || (ran.exitCode === 2 && onlyMissing(ran.stderr)));
      if (!isRead) throw new Error(`reading ${launches}: ${problemOf(ran)}`);
      return notesIn(ran.stdout, launches);
    },

    async writeLaunch(key, files) {
      await make();
      await mustRun(["mkdir", "-p", "-m", "700", folderOf(key)]);
      await mustRun(["tar", "-x", "-f", "-", "--no-same-owner", "-C", folderOf(key)], tarOf(files));
    },

    async forgetSubmission(key) {
      await mustRun(["rm", "-f", `${folderOf(key)}/submitted.json`]);
    },

    async markCancelled(key) {
      await mustRun(["touch", `${folderOf(key)}/cancelled`]);
    },

    async noteEnd(key, exitCode) {
      const note = tarOf({ "exit.json": `${JSON.stringify({ exitCode, ranks: [] })}\n` });
      await mustRun(["tar", "-x", "-k", "-f", "-", "--no-same-owner", "-C", folderOf(key)], note);
    },

    async logs(key, request) {
      const plain = ["-maxdepth", "1", "-type", "f"];
      const ran = await run({
        words: ["env", "LC_ALL=C", "find", folderOf(key), ...plain, "-printf", "%s:%f/"],
      });
      if (ran.kind === "ended" && ran.exitCode !== 0 && ran.stderr.includes("No such file")) return [];
      if (ran.kind === "no-answer" || ran.exitCode !== 0) throw new Error(`find: ${problemOf(ran)}`);
      const sizes = new Map<string, number>();
      for (const entry of ran.stdout.split("/")) {
        const [size, file] = entry.split(":");
        const name = LOG_NAME.exec(file ?? "")?.[1];
        if (name !== undefined) sizes.set(name, Number(size));
      }
      return Promise.all(
        logRanges(sizes, request).map(async (range): Promise<LogPart> => {
          const { fromByte, name, toByte } = range;
          if (fromByte === toByte) return { ...range, text: "" };
          const part = [`skip=${fromByte}`, `count=${toByte - fromByte}`, "bs=65536", "status=none"];
          const flags = "iflag=skip_bytes,count_bytes,fullblock,nofollow";
          return { ...range, text: await mustRun(["dd", `if=${folderOf(key)}/${name}.log`, flags, ...part]) };
        }),
      );
    },

    async endedBefore(seconds) {
      const depth = ["-mindepth", "2", "-maxdepth", "2", "-name", "exit.json"];
      const words = ["env", "LC_ALL=C", "find", launches, ...depth, "-mmin", `+${Math.ceil(seconds / 60)}`];
      const ran = await run({ words, timeoutSeconds: PLACE_SECONDS });
      // 1: a folder was not there any more when it was looked into
      if (ran.kind === "no-answer" || ran.exitCode > 1) throw new Error(`find: ${problemOf(ran)}`);
      return ran.stdout.split("\n").flatMap((path) => ENDED.exec(path.slice(launches.length))?.[1] ?? []);
    },

    async remove(keys) {
      await mustRun(["rm", "-rf", "--", removed]);
      if (keys.length === 0) return;
      await mustRun(["mkdir", "-m", "700", removed]);
      // Each is gone as a whole, at once: of a launch that lost files one by one a reader might make anything.
      const moved = await run({ words: ["mv", "-t", removed, "--", ...keys.map(folderOf)] });
      if (moved.kind === "no-answer") throw new Error(`mv: ${moved.reason}`);
      await mustRun(["rm", "-rf", "--", removed]);
      if (moved.exitCode !== 0) throw new Error(`mv: ${problemOf(moved)}`);
    },

    async removeWorkers(seconds, kept, usedBy) {
      const isOld = ["-maxdepth", "1", "-type", "f", "-mmin", `+${Math.ceil(seconds / 60)}`];
      const found = await mustRun(["find", `${folder}/worker`, ...isOld]);
      const old = found.split("\n").filter((path) => WORKER.test(path) && !path.includes(kept));
      if (old.length === 0) return;
      const used = new Set<string>();
      for (const some of inParts(usedBy, MOST_KEYS)) {
        const files = some.map((key) => `${folderOf(key)}/worker`);
        const ran = await run({ words: ["env", "LC_ALL=C", "grep", "-h", "-e", ".", "--", ...files] });
        // Of a launch whose file cannot be read nobody knows what it uses.
        if (ran.kind === "no-answer" || ran.exitCode !== 0) return;
        for (const path of ran.stdout.split("\n")) used.add(path);
      }
      const unused = old.filter((path) => !used.has(path)).slice(0, MOST_KEYS);
      if (unused.length > 0) await mustRun(["rm", "-f", "--", ...unused]);
    },

    async placeWorker({ bytes, sha256 }) {
      await make();
      const path = `${folder}/worker/${sha256}.zip`;
      const isIntact = async (file: string): Promise<boolean> => {
        const ran = await run({ words: ["sha256sum", "--", file], timeoutSeconds: PLACE_SECONDS });
        if (ran.kind === "no-answer") throw new Error(`sha256sum: ${ran.reason}`);
        return ran.exitCode === 0 && ran.stdout.startsWith(`${sha256} `);
      };
      if (await isIntact(path)) return path;
      const temporary = `${path}.${process.pid}.tmp`;
      await mustRun(["dd", `of=${temporary}`, "status=none", "conv=fsync"], bytes);
      if (!(await isIntact(temporary))) throw new Error(`${temporary} is not what was sent`);
      await mustRun(["mv", "-f", "--", temporary, path]);
      return path;
    },
  };
}

function inParts<T>(values: readonly T[], most: number): T[][] {
  const parts: T[][] = [];
  for (let from = 0; from < values.length; from += most) parts.push(values.slice(from, from + most));
  return parts;
}

/** grep's lines: path, colon, text. */
function notesIn(text: string, launches: string): Map<string, LaunchNotes> {
  const notes = new Map<string, LaunchNotes>();
  const fields = { "exit.json": "exit", "claimed/job": "claimedBy", "submitted.json": "submitted" } as const;
  for (const line of text.split("\n")) {
    const note = line.startsWith(`${launches}/`) && NOTE.exec(line.slice(launches.length + 1));
    if (!note) continue;
    const [, key, file, content] = note as unknown as [string, string, keyof typeof fields, string];
    notes.set(key, { ...notes.get(key), [fields[file]]: content });
  }
  return notes;
}

/** Whether grep complains of nothing else; ssh may say things of its own in between. */
function onlyMissing(stderr: string): boolean {
  const complaints = stderr.split("\n").filter((line) => line.startsWith("grep: "));
  return complaints.length > 0 && complaints.every((line) => line.endsWith(": No such file or directory"));
}

function problemOf(ran: Ran): string {
  return ran.kind === "no-answer" ? ran.reason : `exit code ${ran.exitCode}: ${lastLine(ran.stderr)}`;
}
