// A node of a region, by a short job of the account, with the words and the batch script of a launch: what the login host
// has, nodes may not have. The job has a GPU, if Slurm counts them, and ends by itself should its checker be gone.
import type { Region } from "@bace-pipe/core";
import { BATCH_SCRIPT } from "@bace-pipe/server/slurm";
import type { CheckFolder } from "../files.ts";
import { awaited, type Host, type HostFacts, reach, SCRIPT, STAY_SECONDS, scriptWords } from "../host.ts";
import { type Cluster, outputOf, whyNot } from "./cluster.ts";
import { wordsFor } from "./words.ts";

export interface NodeOptions {
  readonly cluster: Cluster;
  readonly region: Region;
  readonly folder: CheckFolder;
  readonly script: string;
  readonly controlUrl: string | undefined;
  readonly startSeconds: number;
  readonly isInterrupted: () => boolean;
}

const QUEUE_EVERY_MILLISECONDS = 3000;
const LEAST_MINUTES = Math.ceil(STAY_SECONDS / 60) + 1;

export function nodeHost(options: NodeOptions): Host {
  const { cluster, controlUrl, folder, isInterrupted, region, script, startSeconds } = options;
  const { python } = cluster.settings;
  let id: string | undefined;
  let isLost = false;

  const submit = async (): Promise<string | undefined> => {
    const command = scriptWords(python, folder.path, controlUrl).map((word) => `${word}\n`);
    await folder.write({ [SCRIPT]: script, command: command.join(""), worker: `${folder.path}\n` });
    const { configurationFile } = cluster.settings;
    const environment = configurationFile === undefined ? [] : [`SLURM_CONF=${configurationFile}`];
    const options_ = [...wordsFor(region, 1, folder.path), `--time=${LEAST_MINUTES}`];
    const ran = await cluster.run({
      words: ["env", "LC_ALL=C", ...environment, "sbatch", ...options_],
      input: BATCH_SCRIPT,
    });
    isLost = ran.kind === "no-answer";
    id = /^(\d+)/.exec(outputOf(ran) ?? "")?.[1];
    return id === undefined ? whyNot(ran) : undefined;
  };

  /** Jobs of this look alone: of a submit whose answer was lost there may be one. */
  const submitted = async (): Promise<readonly string[]> => {
    if (id !== undefined) return [id];
    if (!isLost) return [];
    const text = outputOf(await cluster.slurm("squeue", "--me", "--noheader", "--format=%A|%Z")) ?? "";
    const lines = text.split("\n").map((line) => line.split("|"));
    return lines.flatMap(([job, at]) => (at === folder.path ? [job!] : []));
  };

  /** State and reason; "" where Slurm has forgotten it. */
  const queued = async (): Promise<string> =>
    outputOf(await cluster.slurm("squeue", "--noheader", "--states=all", `--jobs=${id}`, "--format=%T|%r")) ??
    "";

  return {
    async begin() {
      const refused = await submit();
      if (refused !== undefined) return { kind: "none", reason: `sbatch: ${refused}` };
      let nextMilliseconds = performance.now() + QUEUE_EVERY_MILLISECONDS;
      let state = "PENDING|";
      const isOver = async () => {
        if (isInterrupted()) return true;
        if (performance.now() < nextMilliseconds) return false;
        nextMilliseconds = performance.now() + QUEUE_EVERY_MILLISECONDS;
        state = (await queued()).trim();
        return !/^(?:PENDING|CONFIGURING|RUNNING|COMPLETING)\|/.test(state);
      };
      const facts = await awaited<HostFacts>(folder, "host.json", startSeconds, isOver);
      if (facts) return { kind: "there", facts };
      const [word, why] = state.split("|");
      if (word === "PENDING")
        return { kind: "none", reason: `the job still waits after ${startSeconds} s (${why})` };
      const log = (await folder.read("supervisor.log"))?.trim().split("\n").at(-1);
      const said = log ? `: ${log}` : `, and has written nothing into ${cluster.settings.folder}`;
      return { kind: "none", reason: `the job ended (${word || "forgotten"})${said}` };
    },
    reach: (peers) => reach(folder, peers, isInterrupted),
    async end() {
      await folder.write({ done: "{}" }).catch(() => {}); // where nothing could be written nothing waits for it
      const ids = await submitted();
      if (ids.length > 0) await cluster.slurm("scancel", ...ids);
      await folder.remove();
    },
  };
}
