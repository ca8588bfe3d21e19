// Slurm clusters for a test, by the lab (lab/slurm). Where there can be none, `whyNoSlurm` says why.
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const ROOT = resolve(import.meta.dirname, "../../../..");
const PYTHON = "python3";

export interface ClusterSketch {
  readonly name: string;
  readonly nodes?: number;
  readonly gpus_per_node?: number;
  readonly min_job_age_seconds?: number;
  readonly kill_wait_seconds?: number;
  readonly slurmd_timeout_seconds?: number;
}

export interface TestClusters {
  readonly folder: string;
  /** For SLURM_CONF. */
  configurationOf(name: string): string;
  controller(name: string, action: "restart" | "stop" | "crash" | "start"): Promise<void>;
  /** With all processes of its jobs; the controller finds out by itself. */
  node(name: string, node: string, action: "kill-node" | "start-node"): Promise<void>;
  /** Runs one of Slurm's commands; its standard output. */
  client(name: string, ...command: string[]): string;
  remove(): Promise<void>;
}

export const whyNoSlurm: string | undefined = reasonAgainst();

function reasonAgainst(): string | undefined {
  const { error, status, stdout } = spawnSync(PYTHON, ["-m", "lab.slurm", "check"], {
    cwd: ROOT,
    encoding: "utf8",
  });
  if (error) return `no ${PYTHON}: ${error.message}`;
  return status === 0 ? undefined : `no Slurm here: ${stdout.trim()}`;
}

export async function startClusters(clusters: readonly ClusterSketch[]): Promise<TestClusters> {
  const folder = mkdtempSync(join(tmpdir(), "bace-slurm-"));
  const lab = spawn(PYTHON, ["-m", "lab.slurm"], { cwd: ROOT, stdio: ["pipe", "pipe", "inherit"] });
  const answers = createInterface({ input: lab.stdout })[Symbol.asyncIterator]();
  const ask = async (request: object): Promise<Record<string, unknown>> => {
    lab.stdin.write(`${JSON.stringify(request)}\n`);
    const { done, value } = await answers.next();
    const answer = done ? { problem: "the lab has ended" } : (JSON.parse(value) as Record<string, unknown>);
    if ("problem" in answer) throw new Error(String(answer["problem"]));
    return answer;
  };
  const remove = async (): Promise<void> => {
    await end(lab);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const { configurations } = (await ask({ folder, clusters })) as {
      configurations: Record<string, string>;
    };
    return {
      folder,
      configurationOf: (name) => configurations[name]!,
      controller: async (name, action) => void (await ask({ controller: name, do: action })),
      node: async (cluster, node, action) => void (await ask({ cluster, node, do: action })),
      client: (name, ...[program, ...words]) =>
        execFileSync(program!, words, {
          encoding: "utf8",
          env: { ...process.env, SLURM_CONF: configurations[name]! },
        }),
      remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** The lab ends with its input, and everything in its namespace with it. */
async function end(lab: ChildProcess): Promise<void> {
  if (lab.exitCode !== null) return;
  lab.stdin!.end();
  await once(lab, "exit");
}

/** Processes of this machine whose working directory is a folder and whose command line has a word. */
export function processesIn(folder: string, word: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && existsSync(`/proc/${name}/cwd`))
    .map(Number)
    .filter((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
        return words.includes(word) && words.some((each) => each.startsWith(folder));
      } catch {
        return false;
      }
    });
}
