// The folder that a cluster's nodes share, by the usual commands of a Unix: each is one vector, and content goes through
// standard input. What launches have noted down of themselves is read by one command for all of them.
//   worker/SHA.zip            the worker
//   launches/KEY/plan.json, command, worker, submitted.json      by the service, before it asks Slurm
//   launches/KEY/cancelled    by the service
//   launches/KEY/exit.json    by the service, where a job was over without one
//   launches/KEY/claimed/job  by the batch script
//   launches/KEY/started.json, exit.json, *.log                  by the worker's supervisor
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
  /** The last lines of all that a launch has written. */
  logs(key: string): Promise<string>;
  /** Puts the worker there unless it is; returns its path. */
  placeWorker(archive: WorkerArchive): Promise<string>;
}

const NOTE = /^([a-z0-9-]+\.\d+\.[a-z0-9-]+)\/(exit\.json|claimed\/job|submitted\.json):(.*)$/;
const MOST_KEYS = 200;
const LOG_BYTES = 2000;
const PLACE_SECONDS = 120;

export function clusterFiles(run: Run, folder: string): ClusterFiles {
  const launches = `${folder}/launches`;
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

    async logs(key) {
      const found = await mustRun(["find", folderOf(key), "-maxdepth", "1", "-type", "f", "-size", "+0"]);
      const files = found.split("\n").filter((path) => /\/[a-z]+(?:-\d+)?\.log$/.test(path));
      if (files.length === 0) return "";
      return mustRun(["tail", "-v", "-c", String(LOG_BYTES), "--", ...files.sort()]);
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
